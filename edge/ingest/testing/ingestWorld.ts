import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { splitFrames } from '../../../actors/inbox/ingestRecord.ts'
import { type EndReason, type IngestRecord, IngestRecordSchema } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import { type StreamState, StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { encodeIngest } from '../encodeIngest.ts'
import { INGEST_DEFAULTS, type IngestSettingsShape } from '../IngestSettings.ts'
import { FramePool } from '../FramePool.ts'
import { readIngestHead, readStoredHalf } from '../ingestHead.ts'
import type { ServerMessage } from '../messages.ts'
import { beginSession, decide } from '../session.ts'
import type { SessionAction, SessionInput, SessionState } from '../sessionState.ts'

const NO_POOL = new FramePool(0)

interface Stored {
  readonly seq: number
  readonly id: string
  readonly record: IngestRecord
}

/** Logs and entries as plain memory, with the rules of the real ones: compare-and-set per stream, one sequence for all. */
export class IngestWorld {
  readonly records: Array<Stored> = []
  readonly streams = new Map<string, StreamState>()
  readonly settings: IngestSettingsShape
  readonly pieceBytes: number
  mono_ms = 0
  full = false
  /** What is newest in the logs cannot be read. */
  headDamaged = false
  /** Ids whose entry has left the bucket. */
  readonly used = new Set<string>()
  #ids = 0

  constructor(pieceBytes: number, settings: Partial<IngestSettingsShape> = {}) {
    this.pieceBytes = pieceBytes
    this.settings = { ...INGEST_DEFAULTS, ...settings }
  }

  connect(): SimulatedSession {
    this.#ids += 1
    return new SimulatedSession(this, `fresh-${this.#ids}`, `token-${this.#ids}`)
  }

  recordsOf(id: string): ReadonlyArray<IngestRecord> {
    return this.records.filter((stored) => stored.id === id).map(({ record }) => record)
  }

  headSeq(id: string): number {
    return this.records.findLast((stored) => stored.id === id)?.seq ?? 0
  }

  append(id: string, expected: number, data: Uint8Array): number | undefined {
    if (this.headSeq(id) !== expected) return undefined
    const seq = this.records.length + 1
    this.records.push({ seq, id, record: fromBinary(IngestRecordSchema, data) })
    return seq
  }

  /** Ends a log as the stream's actor does. */
  end(id: string, reason: EndReason): void {
    const record = create(IngestRecordSchema, { body: { case: 'end', value: { session: 1, reason } } })
    this.append(id, this.headSeq(id), toBinary(IngestRecordSchema, record))
  }

  setStatus(id: string, status: StreamStatus, reason = ''): void {
    const entry = this.streams.get(id)
    if (entry !== undefined) this.streams.set(id, { ...entry, status, reason })
  }
}

type Asking = Exclude<SessionAction, { readonly _tag: 'Send' | 'Ack' | 'Close' | 'Attach' | 'Hint' | 'Connected' | 'Disconnected' }>

/** One connection: the machine, what it has asked for and not been answered, and what the client has been sent. */
export class SimulatedSession {
  readonly sent: Array<ServerMessage> = []
  readonly notices: Array<SessionAction> = []
  state: SessionState
  closed: { readonly code: number; readonly reason: string } | undefined
  asking: Asking | undefined
  #expected = 0
  readonly #world: IngestWorld

  constructor(world: IngestWorld, freshId: string, freshToken: string) {
    this.#world = world
    this.state = beginSession({ edge: 'edge', freshId, freshToken, pieceBytes: world.pieceBytes, settings: world.settings }, this.#now())
  }

  say(message: object): void {
    this.take({ _tag: 'Text', text: JSON.stringify(message) })
  }

  take(input: SessionInput): void {
    const { state, actions } = decide(this.state, input, this.#now())
    this.state = state
    for (const action of actions) this.#perform(action)
  }

  /** Answers what the session has asked for, if anything. */
  answer(): boolean {
    const asked = this.asking
    if (asked === undefined) return false
    this.asking = undefined
    this.take(this.#answerTo(asked))
    return true
  }

  /** Answers until the session asks for nothing more. */
  settle(): this {
    while (this.answer());
    return this
  }

  last<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }> | undefined {
    return this.sent.findLast((message): message is Extract<ServerMessage, { type: T }> => message.type === type)
  }

  #now() {
    return { mono_ms: this.#world.mono_ms, wall_ms: 1_700_000_000_000 + this.#world.mono_ms }
  }

  #perform(action: SessionAction): void {
    switch (action._tag) {
      case 'Send':
        if (this.closed === undefined) this.sent.push(action.message)
        return
      case 'Ack':
        if (this.closed === undefined) this.sent.push({ type: 'ack', seq: action.seq, bytes: action.bytes })
        return
      case 'Close':
        this.closed ??= { code: action.code, reason: action.reason }
        return
      case 'Attach':
      case 'Hint':
      case 'Connected':
      case 'Disconnected':
        this.notices.push(action)
        return
      default:
        if (this.asking !== undefined) throw new Error(`asks for ${action._tag} while waiting for ${this.asking._tag}`)
        this.asking = action
    }
  }

  #answerTo(asked: Asking): SessionInput {
    const world = this.#world
    switch (asked._tag) {
      case 'FindStream':
        return { _tag: 'StreamFound', entry: world.streams.get(asked.id), used: world.used.has(asked.id), noRoom: world.full ? 'the log is full' : undefined }
      case 'CreateStream':
        if (world.streams.has(asked.entry.streamId)) return { _tag: 'StreamExists' }
        world.streams.set(asked.entry.streamId, asked.entry)
        return { _tag: 'StreamCreated' }
      case 'ReadHead': {
        const seq = world.headSeq(asked.id)
        return { _tag: 'HeadFound', head: readIngestHead(world.records[seq - 1]?.record, seq), seq, damaged: world.headDamaged }
      }
      case 'ReadHalf': {
        const { halfFirstSeq } = asked.position
        const records = world.records.filter(({ seq, id }) => id === asked.id && seq >= halfFirstSeq && seq <= asked.to)
        const found = readStoredHalf(asked.position, records.map(({ record }) => record))
        return found === undefined ? { _tag: 'HalfMissing' } : { _tag: 'HalfFound', ...found }
      }
      case 'Append': {
        this.#expected = asked.expected ?? this.#expected
        const seq = world.append(asked.id, this.#expected, encodeIngest(asked.received_ms, asked.body, NO_POOL))
        if (seq === undefined) return { _tag: 'Refused', why: 'Fenced' }
        this.#expected = seq
        return { _tag: 'Stored', seq }
      }
      case 'FindOutcome':
        return { _tag: 'OutcomeFound', outcome: { duration_ms: 1_000, segments: 2, bytes: 3 } }
    }
  }
}

/** A frame as the reader of the log puts it together. */
export interface ReadFrame {
  readonly epoch: number
  readonly seq: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Reads a stream's ingest log as its actor does: the frame that is expected is taken, an older one dropped; a gap, a piece
 * out of order or an offset that does not follow is an error.
 */
export const readFrames = (records: ReadonlyArray<IngestRecord>): ReadonlyArray<ReadFrame> => {
  const frames: Array<ReadFrame> = []
  let [epoch, seq, offset] = [-1, 0, 0]
  let pieces: Array<Uint8Array> = []
  for (const { body } of records) {
    if (body.case === 'open' && body.value.epoch !== epoch) {
      ;[epoch, seq, offset, pieces] = [body.value.epoch, 0, 0, []]
    }
    if (body.case !== 'chunk') continue
    const chunk = body.value
    const due = chunk.epoch === epoch && chunk.seq === seq && chunk.piece === pieces.length && Number(chunk.offset) === offset
    if (!due) throw new Error(`epoch ${chunk.epoch} seq ${chunk.seq} piece ${chunk.piece} offset ${chunk.offset} is not due: ${epoch} ${seq} ${pieces.length} ${offset}`)
    pieces.push(chunk.data)
    offset += chunk.data.length
    if (pieces.length < chunk.pieces) continue
    const whole = Buffer.concat(pieces)
    for (const { chunk: { offset: at, data } } of splitFrames({ ...chunk, offset: BigInt(offset - whole.length), data: whole }, 0)) {
      frames.push({ epoch, seq, offset: Number(at), bytes: data })
      seq += 1
    }
    pieces = []
  }
  return frames
}
