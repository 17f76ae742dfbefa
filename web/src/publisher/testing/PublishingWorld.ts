/** A publisher and the edge's own sessions, on connections that are slow, break, or break without the edge's knowing. */
import { IngestWorld, type ReadFrame, readFrames, type SimulatedSession } from '../../../../edge/ingest/testing/ingestWorld.ts'
import { readEdgeMessage } from '../messages.ts'
import { decide } from '../publishing.ts'
import { beginPublishing, type Publishing, type PublishingAction, type PublishingEvent } from '../publishingState.ts'

const identity = { recordingId: 'cam', publisherToken: 'secret', title: 'Cam' }
const ebml = [0x1a, 0x45, 0xdf, 0xa3]
const pieceBytes = 16

interface Connection {
  readonly number: number
  readonly session: SimulatedSession
  /** What the page has sent and the edge has not received. */
  readonly toEdge: Array<{ readonly text: string } | { readonly bytes: Uint8Array }>
  /** How much of what the edge has said has been heard. */
  heard: number
  opened: boolean
  /** The page has hung up, or heard that it is over. */
  over: boolean
}

/** One stream, the recorder that feeds it, and everything between it and the edge's log. */
export class PublishingWorld {
  readonly edge = new IngestWorld(pieceBytes)
  readonly connections: Array<Connection> = []
  /** What each recorder gave, by key, until the page asked for another one. */
  readonly recorded = new Map<number, Array<Uint8Array>>()
  state: Publishing
  /** A `start` is on its way of which the page knows nothing: it may take the stream from its own publisher, later. */
  hasStray = false
  private readonly contents = new Map<Blob, Uint8Array>()
  private recorder = 0
  private isRecording = false

  constructor() {
    this.state = beginPublishing(identity, { at_ms: 0, chance: 0 })
    this.record()
  }

  tell(event: PublishingEvent): void {
    const decision = decide(this.state, event, { at_ms: this.edge.mono_ms, chance: (this.edge.mono_ms % 97) / 97 })
    this.state = decision.state
    decision.actions.forEach((action) => this.perform(action))
  }

  /** Begins another recorder; the one before ends with a last chunk. */
  record(): void {
    const old = this.isRecording ? this.recorder : undefined
    this.recorder++
    this.isRecording = true
    this.recorded.set(this.recorder, [])
    this.tell({ kind: 'begin', key: this.recorder, mimeType: 'video/webm' })
    if (old === undefined) return
    this.give(old, 3)
    this.tell({ kind: 'finish', key: old })
  }

  capture(size: number): void {
    if (this.isRecording) this.give(this.recorder, size)
  }

  stop(): void {
    this.endRecording()
    this.tell({ kind: 'stop' })
  }

  /** Moves one thing on: something arrives at the edge, the edge's log answers, or the page hears something. */
  step(n: number): boolean {
    const usable = this.connections.filter((connection) => this.mayMove(connection))
    const connection = n < 7 ? usable.at(-1) : usable[n % Math.max(1, usable.length)]
    if (connection === undefined) return false
    if (!connection.opened) this.open(connection)
    else if (n % 3 === 0 && this.hear(connection)) return true
    else if (n % 3 === 1 && connection.session.answer()) return true
    else return this.arrive(connection) || connection.session.answer() || this.hear(connection)
    return true
  }

  /** The newest connection breaks. A zombie is one of which the edge does not know it, which may even get more of what was sent. */
  drop(isZombie: boolean): void {
    const connection = this.connections.at(-1)
    if (connection === undefined || connection.over) return
    connection.over = true
    this.hasStray ||= isZombie && this.state.epochs[0]?.number === undefined
    if (!isZombie) connection.session.take({ _tag: 'Gone' })
    this.tell({ kind: 'closed', connection: connection.number, code: 1006, reason: '' })
  }

  wait(ms: number): void {
    this.edge.mono_ms += ms
    for (const { session } of this.connections) session.take({ _tag: 'Tick' })
    this.tell({ kind: 'tick' })
  }

  /** Lets everything run, without further trouble, until that is so, or for long enough. */
  settle(isDone: () => boolean): void {
    for (let turn = 0; turn < 400 && !isDone(); turn++) {
      for (let n = 0; this.step(n % 7); n++);
      this.wait(250)
    }
  }

  stored(): ReadonlyArray<ReadFrame> {
    return readFrames(this.edge.recordsOf('cam'))
  }

  private mayMove({ opened, over, session, toEdge, heard }: Connection): boolean {
    return (!over && (!opened || heard < session.sent.length || session.closed !== undefined)) || toEdge.length > 0 || session.asking !== undefined
  }

  private give(key: number, size: number): void {
    const recorded = this.recorded.get(key) ?? []
    const bytes = Uint8Array.from({ length: size + 2 + (recorded.length === 0 ? 4 : 0) }, (_, index) => (recorded.length === 0 ? (ebml[index] ?? key) : index === 0 ? key : recorded.length & 0xff))
    const blob = new Blob([bytes])
    this.contents.set(blob, bytes)
    recorded.push(bytes)
    this.tell({ kind: 'chunk', key, bytes: blob })
  }

  private endRecording(): void {
    if (!this.isRecording) return
    this.isRecording = false
    this.tell({ kind: 'finish', key: this.recorder })
  }

  private perform(action: PublishingAction): void {
    if (action.kind === 'record') return this.record()
    if (action.kind === 'pause') return this.endRecording()
    if (action.kind === 'connect') {
      const connection = { number: action.connection, session: this.edge.connect(), toEdge: [], heard: 0, opened: false, over: false }
      this.connections.push(connection)
      return
    }
    const connection = this.connections.find(({ number }) => number === action.connection)
    if (connection === undefined || connection.over) throw new Error(`${action.kind} on a connection that is over`)
    if (action.kind === 'say') connection.toEdge.push({ text: JSON.stringify(action.message) })
    else if (action.kind === 'send') connection.toEdge.push({ bytes: this.contents.get(action.bytes) ?? new Uint8Array() })
    else {
      connection.over = true
      connection.session.take({ _tag: 'Gone' })
    }
  }

  private open(connection: Connection): void {
    connection.opened = true
    this.tell({ kind: 'opened', connection: connection.number })
  }

  private arrive({ toEdge, session }: Connection): boolean {
    const next = toEdge.shift()
    if (next === undefined) return false
    session.take('text' in next ? { _tag: 'Text', text: next.text } : { _tag: 'Binary', bytes: next.bytes })
    return true
  }

  private hear(connection: Connection): boolean {
    if (connection.over) return false
    const said = connection.session.sent[connection.heard]
    if (said !== undefined) {
      connection.heard++
      this.tell({ kind: 'message', connection: connection.number, message: readEdgeMessage(JSON.stringify(said)) })
      return true
    }
    const { closed } = connection.session
    if (closed === undefined) return false
    connection.over = true
    this.tell({ kind: 'closed', connection: connection.number, ...closed })
    return true
  }
}
