import type { StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { IngestSettingsShape } from './IngestSettings.ts'
import type { EpochPosition, IngestHead, StoredHalf } from './ingestHead.ts'
import type { ServerMessage } from './messages.ts'
import type { PieceRange } from './pieces.ts'

/** The two clocks: deadlines run on the monotonic one, records carry the wall clock (ms since 1970). */
export interface Now {
  readonly mono_ms: number
  readonly wall_ms: number
}

/** What a session is given at its start; the ids and the secret are made by the interpreter. */
export interface SessionConfig {
  readonly edge: string
  /** Id of the recording where the publisher names none. */
  readonly freshId: string
  /** Token of the stream where this session creates it. */
  readonly freshToken: string
  /** Bytes of media that one record may hold. */
  readonly pieceBytes: number
  readonly settings: IngestSettingsShape
}

/** What a publisher asks for in its first message. */
export type Want =
  | { readonly _tag: 'Start'; readonly id: string; readonly token: string | undefined; readonly title: string; readonly mimeType: string }
  | { readonly _tag: 'Resume'; readonly id: string; readonly token: string; readonly epoch: number; readonly acked: Acked | undefined }

/** The newest `ack` that a publisher has heard in its epoch (`seq` -1: none): up to there it may have nothing any more. */
export interface Acked {
  readonly seq: number
  readonly bytes: number
}

/** A binary frame on its way into the log. */
export interface Frame {
  readonly seq: number
  /** Byte offset in the epoch. */
  readonly offset: number
  readonly bytes: Uint8Array
  /** Wall clock on arrival, ms. */
  readonly received_ms: number
  readonly ranges: ReadonlyArray<PieceRange>
  /** First piece that the log does not hold yet. */
  readonly piece: number
  /** Sequence of piece 0 in the log; 0 while it is not stored. */
  readonly firstSeq: number
}

/** Connected, nothing asked for yet. */
export interface Waiting {
  readonly _tag: 'Waiting'
  readonly config: SessionConfig
  readonly deadline_ms: number
}

/** Between `start` or `resume` and its answer. */
export interface Opening {
  readonly _tag: 'Opening'
  readonly config: SessionConfig
  readonly want: Want
  readonly step: 'Find' | 'Create' | 'Head' | 'Half' | 'Open' | 'Confirm'
  readonly deadline_ms: number
  /** Where the session will begin, once the head is known; `headSeq` is the sequence that the head must still have. */
  readonly target: Target | undefined
  /** Frames that came behind `start` already. */
  readonly early: ReadonlyArray<{ readonly bytes: Uint8Array; readonly received_ms: number }>
  readonly earlyBytes: number
  readonly stopWanted: boolean
  readonly gone: boolean
}

/** What `Open` will say. */
export interface Target {
  readonly position: EpochPosition
  readonly headSeq: number
  readonly half: StoredHalf | undefined
}

/** The session owns the epoch; frames flow. */
export interface Live {
  readonly _tag: 'Live'
  readonly config: SessionConfig
  readonly id: string
  readonly session: number
  readonly epoch: number
  readonly mimeType: string
  /** Number and byte offset of the next frame that arrives. */
  readonly nextSeq: number
  readonly nextOffset: number
  /** One append is in flight: of `sending`, or of a keep-alive. */
  readonly inFlight: 'Nothing' | 'Frames' | 'KeepAlive'
  /** Several whole frames that share a record, or one, of which the next piece is on its way. */
  readonly sending: ReadonlyArray<Frame>
  readonly queue: ReadonlyArray<Frame>
  /** Bytes of `sending` and `queue`. */
  readonly unackedBytes: number
  /** Pieces of frame `nextSeq` that are stored already. */
  readonly half: StoredHalf | undefined
  /** First bytes of the epoch, until there are enough to tell its container. */
  readonly magic: Uint8Array | undefined
  readonly heard_ms: number
  readonly stored_ms: number
  readonly stopWanted: boolean
  readonly gone: boolean
}

/** After `stop`: the end is being written, and the stream finished. */
export interface Ending {
  readonly _tag: 'Ending'
  readonly config: SessionConfig
  readonly id: string
  readonly session: number
  readonly step: 'Append' | 'Wait' | 'Outcome'
  readonly deadline_ms: number
  /** The stream was seen finished before the append was known to be stored. */
  readonly finished: boolean
}

/** Somebody else wrote to the log; its head tells whether the stream ended or has another publisher. */
export interface Superseded {
  readonly _tag: 'Superseded'
  readonly config: SessionConfig
  readonly id: string
  readonly session: number
  readonly stopping: boolean
  /** The stream's actor ended it because it failed; the reason is still to come. */
  readonly failed: boolean
  readonly deadline_ms: number
}

export interface Closed {
  readonly _tag: 'Closed'
}

/** One publisher connection. */
export type SessionState = Waiting | Opening | Live | Ending | Superseded | Closed

/** What came of a finished stream: ms, and what the archive holds by now. */
export interface Outcome {
  readonly duration_ms: number
  readonly segments: number
  readonly bytes: number
}

/** What happens to a session. */
export type SessionInput =
  | { readonly _tag: 'Text'; readonly text: string }
  /** The bytes belong to the session from now on. */
  | { readonly _tag: 'Binary'; readonly bytes: Uint8Array }
  /** The edge lets the publisher go, whatever the session does: a frame is too big, the edge is full, it stops. */
  | { readonly _tag: 'Cut'; readonly code: number; readonly message: string }
  /** The client has closed the socket or is dead. */
  | { readonly _tag: 'Gone' }
  | { readonly _tag: 'Tick' }
  /** `used`: there is no entry, but there was one once. `noRoom`: why no new stream may start now. */
  | { readonly _tag: 'StreamFound'; readonly entry: StreamState | undefined; readonly used: boolean; readonly noRoom: string | undefined }
  | { readonly _tag: 'StreamCreated' }
  | { readonly _tag: 'StreamExists' }
  /** `seq` is the log's head; `damaged`: that cannot be read, and `head` is of the newest record before it that can. */
  | { readonly _tag: 'HeadFound'; readonly head: IngestHead; readonly seq: number; readonly damaged: boolean }
  | { readonly _tag: 'HalfFound'; readonly half: StoredHalf; readonly nextOffset: number }
  | { readonly _tag: 'HalfMissing' }
  | { readonly _tag: 'Stored'; readonly seq: number }
  | { readonly _tag: 'Refused'; readonly why: 'Fenced' | 'HeadLost' | 'Full' | 'TooBig' }
  | { readonly _tag: 'StreamChanged'; readonly status: StreamStatus; readonly reason: string }
  | { readonly _tag: 'OutcomeFound'; readonly outcome: Outcome }

/** What a record is to say; the interpreter adds its id and encodes it. */
export type IngestBody =
  | { readonly _tag: 'Open'; readonly position: EpochPosition; readonly edge: string }
  /** One frame, or the piece of it that is due; or several whole ones. */
  | { readonly _tag: 'Frames'; readonly session: number; readonly epoch: number; readonly mimeType: string; readonly frames: ReadonlyArray<Frame> }
  | { readonly _tag: 'End'; readonly session: number }

/** What a session wants done. Each that asks for something is answered by one input. */
export type SessionAction =
  | { readonly _tag: 'Send'; readonly message: ServerMessage }
  /** Durable up to here, `frames` more than before; only the newest need be sent. */
  | { readonly _tag: 'Ack'; readonly seq: number; readonly bytes: number; readonly frames: number }
  | { readonly _tag: 'Close'; readonly code: number; readonly reason: string }
  | { readonly _tag: 'FindStream'; readonly id: string }
  | { readonly _tag: 'CreateStream'; readonly entry: StreamState }
  /** From now on the session is told of changes of this stream. */
  | { readonly _tag: 'Attach'; readonly id: string }
  | { readonly _tag: 'ReadHead'; readonly id: string }
  | { readonly _tag: 'ReadHalf'; readonly id: string; readonly position: EpochPosition; readonly to: number }
  /** With `expected`, a new chain of appends begins behind that sequence. */
  | { readonly _tag: 'Append'; readonly id: string; readonly expected: number | undefined; readonly received_ms: number; readonly body: IngestBody }
  | { readonly _tag: 'FindOutcome'; readonly id: string }
  /** Not answered: tell the actor that it has work. */
  | { readonly _tag: 'Hint'; readonly id: string }
  /** Not answered: the publisher came or went. */
  | { readonly _tag: 'Connected'; readonly id: string; readonly session: number; readonly epoch: number }
  | { readonly _tag: 'Disconnected'; readonly id: string; readonly session: number }

export interface Decision {
  readonly state: SessionState
  readonly actions: ReadonlyArray<SessionAction>
}

/** Close codes of the contract. */
export const CLOSE = { done: 1000, frameTooBig: 1009, defect: 1011, tryLater: 1013, badMessage: 4400, originRefused: 4403, unknownRecording: 4404, otherPublisher: 4409 } as const

/** Changes nothing. */
export const stay = (state: SessionState): Decision => ({ state, actions: [] })

/** Ends the session with an error that the publisher is told twice: as a message, and in the close frame. */
export const refuse = (code: number, message: string): Decision => ({
  state: { _tag: 'Closed' },
  actions: [
    { _tag: 'Send', message: { type: 'error', code, message } },
    { _tag: 'Close', code, reason: message }
  ]
})

/** The same for a session that was connected to its stream. */
export const refuseConnected = (state: { readonly id: string; readonly session: number }, code: number, message: string): Decision => {
  const refused = refuse(code, message)
  return { state: refused.state, actions: [...refused.actions, { _tag: 'Disconnected', id: state.id, session: state.session }] }
}

export const PONG: SessionAction = { _tag: 'Send', message: { type: 'pong' } }
