import type { Beginning, FragmentRing, RingFragment } from './FragmentRing.ts'
import { fragmentFrame, initFrame } from './encodeFragment.ts'
import { CATCH_UP_BYTES } from './limits.ts'
import { AUTO, type ServerMessage } from './messages.ts'
import type { Notices } from './StreamNotices.ts'
import { decideViewer } from './decideViewer.ts'
import { type Counted, isContent, newViewer, type ViewerAction, type ViewerEvent, type ViewerState } from './viewerState.ts'
import type { FrameBuffer } from './watchFrame.ts'

/** What a viewer needs of a socket of uWebSockets.js; not to be used once it has closed. */
export interface ViewerSocket {
  readonly send: (message: string | Uint8Array, isBinary?: boolean) => number
  readonly getBufferedAmount: () => number
  readonly subscribe: (topic: string) => boolean
  readonly unsubscribe: (topic: string) => boolean
  readonly cork: (callback: () => void) => unknown
  readonly end: (code: number, reason: string) => void
  readonly close: () => void
}

/** The stream, as one of its viewers sees it. */
export interface ViewerSource {
  readonly ring: FragmentRing
  readonly frames: FrameBuffer
  readonly notices: Notices | undefined
  readonly isOver: boolean
  readonly topicOf: (rendition: string) => string
  /** Whether an init segment of the rendition was published. */
  readonly hasBegun: (rendition: string) => boolean
  readonly onBehind: (viewer: Viewer, isBehind: boolean) => void
  readonly count: (what: Counted) => void
}

/** What uWebSockets.js answers where a message finds the queue full. */
const DROPPED = 2

/** One viewer: performs what `decideViewer.ts` decides, and sends it one by one what it has not got. */
export class Viewer {
  state: ViewerState
  readonly #source: ViewerSource
  #socket: ViewerSocket | undefined
  /** Of the next fragment to look at while it is behind. */
  #next = 0
  #beginning: Beginning | undefined
  #skipping = false
  /** Wall clock up to which it has had each track, ms: sound may come behind the picture. */
  readonly #reached_ms: { video: number | undefined; audio: number | undefined } = { video: undefined, audio: undefined }
  #videoInit: string | undefined
  #audioInit: string | undefined
  /** Nothing of its video rendition can be decoded before a random-access fragment. */
  #needsRandomAccess = true
  /** Bytes that were sent to it alone. */
  #sent = 0
  #subscribed: ReadonlyArray<string> = []
  #toldState = 0
  #toldRenditions = 0

  constructor(socket: ViewerSocket, source: ViewerSource, asked: string | undefined, now_ms: number) {
    this.#socket = socket
    this.#source = source
    this.state = newViewer(asked ?? AUTO, now_ms)
  }

  get queued_bytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0
  }

  /** Whether it knows all that its stream has to tell. */
  get isInformed(): boolean {
    const { notices } = this.#source
    return notices === undefined || (this.#toldState === notices.state.number && this.#toldRenditions === notices.renditions.number)
  }

  take(event: ViewerEvent, now_ms: number): void {
    const before = this.state.phase
    const { state, actions } = decideViewer(this.state, event, now_ms)
    if (state.rendition !== this.state.rendition) this.#needsRandomAccess = true
    this.state = state
    if (state.phase !== before && (state.phase === 'Behind' || before === 'Behind')) this.#source.onBehind(this, state.phase === 'Behind')
    for (const action of actions) this.#perform(action)
  }

  /** Tells it what has changed of the stream; does so later where the queue is full. */
  inform(): void {
    const { notices } = this.#source
    if (notices === undefined || this.#socket === undefined) return
    if (this.#toldState !== notices.state.number && this.#tell({ type: 'state', state: notices.state.value })) this.#toldState = notices.state.number
    if (this.#toldRenditions !== notices.renditions.number && this.#text(notices.renditions.text)) this.#toldRenditions = notices.renditions.number
  }

  /** Sends what it has not got, as much as its queue may take now. */
  pump(now_ms: number): void {
    if (this.state.phase !== 'Behind' || this.#socket === undefined) return
    this.inform()
    if (this.queued_bytes > CATCH_UP_BYTES) return
    if (this.#beginning !== undefined && this.#hasLost()) this.take({ _tag: 'Passed' }, now_ms)
    if (this.#beginning === undefined && !this.#begin(now_ms)) return this.#source.isOver ? this.take({ _tag: 'CaughtUp' }, now_ms) : undefined
    this.#socket.cork(() => this.#sendMissed(now_ms))
    if (this.#next >= this.#source.ring.next && this.isInformed && this.#mayListen()) this.take({ _tag: 'CaughtUp' }, now_ms)
  }

  /** What was published as number `number` found its queue full, and with it all that came behind. */
  overflowed(number: number, now_ms: number): void {
    this.take({ _tag: 'Overflowed' }, now_ms)
    // It may have left step meanwhile, before what was published had come to its queue.
    if (this.state.phase === 'Behind' && number < this.#next) this.#goOnAt(number)
  }

  /** Looks at its queue. */
  look(now_ms: number): number {
    const bytes = this.queued_bytes
    if (bytes === 0 && isContent(this.state) && this.isInformed) return 0
    this.inform()
    const { ring } = this.#source
    const { phase, rendition, choice } = this.state
    const waiting = phase === 'Behind' ? ring.at(this.#next) : undefined
    const lag_ms = bytes === 0 ? 0 : phase === 'Behind' ? now_ms - (waiting?.at_ms ?? now_ms) : ring.ageOf(bytes, rendition, choice.audio, now_ms)
    this.take({ _tag: 'Queue', bytes, lag_ms, taken_bytes: this.#sent - bytes }, now_ms)
    return bytes
  }

  /** The socket has closed. */
  closed(now_ms: number): void {
    this.#socket = undefined
    this.take({ _tag: 'Refused', code: 1000, reason: '' }, now_ms)
  }

  #perform(action: ViewerAction): void {
    switch (action._tag) {
      case 'Tell':
        return void this.#tell(action.message)
      case 'Begin':
        this.#beginning = undefined
        this.#skipping = action.skipping
        return
      case 'EnterStep':
        return this.#enterStep()
      case 'LeaveStep':
        return this.#leaveStep()
      case 'Count':
        return this.#source.count(action.what)
      case 'Close':
        return this.#drop((socket) => socket.end(action.code, action.reason))
      case 'Cut':
        return this.#drop((socket) => socket.close())
    }
  }

  /** uWebSockets.js calls back at once about a socket that is ended. */
  #drop(end: (socket: ViewerSocket) => void): void {
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) end(socket)
  }

  #enterStep(): void {
    const { rendition, choice } = this.state
    this.#subscribed = [rendition, choice.audio].flatMap((name) => (name === undefined ? [] : [this.#source.topicOf(name)]))
    for (const topic of this.#subscribed) this.#socket?.subscribe(topic)
    this.#beginning = undefined
  }

  #leaveStep(): void {
    for (const topic of this.#subscribed) this.#socket?.unsubscribe(topic)
    this.#subscribed = []
    this.#goOnAt(this.#source.ring.next)
  }

  /** It has had everything before that number. */
  #goOnAt(number: number): void {
    this.#next = number
    this.#beginning = { number, audioFrom_s: Number.NEGATIVE_INFINITY, at_ms: 0 }
    const { ring } = this.#source
    const { rendition, choice } = this.state
    this.#reached_ms.video = ring.reached_ms(rendition ?? '', number) ?? this.#reached_ms.video
    this.#reached_ms.audio = ring.reached_ms(choice.audio ?? '', number) ?? this.#reached_ms.audio
  }

  #begin(now_ms: number): boolean {
    const { next } = this.state
    // What it has may never come again.
    if (next !== undefined && this.#source.ring.newestRandomAccess(next.name) !== undefined) this.take({ _tag: 'RandomAccess', name: next.name }, now_ms)
    const { rendition, choice } = this.state
    const beginning = this.#source.ring.beginning(rendition, choice.audio)
    if (beginning === undefined) return false
    const { video = Number.POSITIVE_INFINITY, audio = Number.POSITIVE_INFINITY } = this.#reached_ms
    const from_ms = Math.min(video, audio)
    if (this.#skipping && beginning.at_ms > from_ms) this.#tell({ type: 'skipped', from_ms, to_ms: beginning.at_ms })
    this.#skipping = false
    for (const kind of ['video', 'audio'] as const) if (this.#reached_ms[kind] !== undefined) this.#reached_ms[kind] = beginning.at_ms
    this.#beginning = beginning
    this.#next = beginning.number
    this.#needsRandomAccess = true
    this.#videoInit = undefined
    this.#audioInit = undefined
    return true
  }

  /** What is published brings init segments only where they change: it must have had those in use, unless the stream is over. */
  #mayListen(): boolean {
    const { audio } = this.state.choice
    return audio === undefined || this.#audioInit !== undefined || !this.#source.hasBegun(audio) || this.#source.isOver
  }

  #hasLost(): boolean {
    const { ring } = this.#source
    return ring.hasLost(this.state.rendition, this.#next) || ring.hasLost(this.state.choice.audio, this.#next)
  }

  #sendMissed(now_ms: number): void {
    const { ring } = this.#source
    for (let fragment = ring.at(this.#next); fragment !== undefined && this.queued_bytes <= CATCH_UP_BYTES; fragment = ring.at(this.#next)) {
      if (fragment.randomAccess && fragment.name === this.state.next?.name) this.take({ _tag: 'RandomAccess', name: fragment.name }, now_ms)
      if (this.#isFor(fragment)) this.#send(fragment)
      this.#next += 1
    }
  }

  #isFor({ name, kind, randomAccess, end_s }: RingFragment): boolean {
    const beginning = this.#beginning
    if (beginning === undefined) return false
    if (kind === 'audio') return name === this.state.choice.audio && end_s > beginning.audioFrom_s
    return name === this.state.rendition && (randomAccess || !this.#needsRandomAccess)
  }

  #send(fragment: RingFragment): void {
    const { frames } = this.#source
    const { kind, init, end_ms } = fragment
    const before = kind === 'audio' ? this.#audioInit : this.#videoInit
    if (init !== undefined && init.key !== before) {
      this.#bytes(initFrame(fragment, init, frames))
      if (kind === 'audio') this.#audioInit = init.key
      else this.#videoInit = init.key
    }
    if (kind === 'video') this.#needsRandomAccess = false
    this.#bytes(fragmentFrame(fragment, frames))
    this.#reached_ms[kind] = end_ms
  }

  #bytes(message: Uint8Array): void {
    this.#sent += message.byteLength
    this.#socket?.send(message, true)
  }

  #tell(message: ServerMessage): boolean {
    return this.#text(JSON.stringify(message))
  }

  #text(text: string): boolean {
    const taken = this.#socket !== undefined && this.#socket.send(text) !== DROPPED
    if (taken) this.#sent += text.length
    return taken
  }
}
