/** The state of one stream being published, what happens to it, and what is to be done. */
import type { Epoch } from './epochs.ts'
import type { ClientMessage, EdgeMessage } from './messages.ts'

/** Now, on a clock that does not go back, and a chance of 0 to 1 that spreads out the attempts of many publishers. */
export interface Instant {
  readonly at_ms: number
  readonly chance: number
}

/** Who publishes what. */
export interface Identity {
  readonly recordingId: string
  /** The secret by which the edge knows its publisher again. */
  readonly publisherToken: string
  readonly title: string
}

/**
 * `connecting`: has not begun; `live`; `reconnecting`: the connection is lost, what is recorded is kept;
 * `ended`; `failed`: it does not go on by itself.
 */
export type Phase = 'connecting' | 'live' | 'reconnecting' | 'ended' | 'failed'

/** How a stream came to its end. `over`: the platform had ended it, `left`: nobody waits for an answer. */
export type Ending = { readonly how: 'stopped'; readonly duration_ms: number | undefined } | { readonly how: 'over' | 'left' }

/** Why it does not go on, with the edge's own words. */
export interface Failure {
  readonly kind: 'unreachable' | 'noRoom' | 'taken' | 'refused'
  readonly words: string
}

/** One stream being published. */
export interface Publishing {
  readonly identity: Identity
  readonly phase: Phase
  readonly ending: Ending | undefined
  readonly failure: Failure | undefined
  /** Number of the newest connection; what older ones say is not heard. */
  readonly connection: number
  readonly link: 'none' | 'opening' | 'asked' | 'attached' | 'stopping'
  /** When the next connection is due, while there is none. */
  readonly retryAt_ms: number
  /** Connections lost since a chunk was acknowledged. */
  readonly attempts: number
  /** Silences in a row. */
  readonly silences: number
  /** When the edge last said something, or began to owe an answer. */
  readonly heard_ms: number
  readonly probing: boolean
  readonly begun_ms: number
  /** Whether the edge knows the stream. */
  readonly hasStarted: boolean
  /** The first is the one that is sent; those behind it wait until it is drained. */
  readonly epochs: ReadonlyArray<Epoch>
  /** Of the newest epoch. */
  readonly mimeType: string
  /** No more can be kept; recording waits. */
  readonly isFull: boolean
  readonly stopWanted: boolean
  /** Somebody else seemed to have the stream, and nothing was acknowledged since. */
  readonly isDisputed: boolean
  /** Times that `start` was said and no answer heard: the edge may get to it late, and take the stream from its own publisher. */
  readonly strayStarts: number
  /** When new recorders were asked for. */
  readonly renewals_ms: ReadonlyArray<number>
  readonly stored: { readonly chunks: number; readonly bytes: number }
  /** Chunks that can never be sent. */
  readonly lostChunks: number
  /** What the edge said last of an error. */
  readonly words: string
}

/** What happens: from the recorder, the connection, the page. */
export type PublishingEvent =
  | { readonly kind: 'begin'; readonly key: number; readonly mimeType: string }
  | { readonly kind: 'chunk'; readonly key: number; readonly bytes: Blob }
  | { readonly kind: 'finish'; readonly key: number }
  | { readonly kind: 'opened'; readonly connection: number }
  | { readonly kind: 'message'; readonly connection: number; readonly message: EdgeMessage }
  | { readonly kind: 'closed'; readonly connection: number; readonly code: number; readonly reason: string }
  | { readonly kind: 'networkChanged' | 'tick' | 'stop' | 'leave' }

/** What is to be done. `record`: with a new recorder; `pause`: stop recording, no more can be kept. */
export type PublishingAction =
  | { readonly kind: 'connect'; readonly connection: number }
  | { readonly kind: 'say'; readonly connection: number; readonly message: ClientMessage }
  | { readonly kind: 'send'; readonly connection: number; readonly bytes: Blob }
  | { readonly kind: 'disconnect'; readonly connection: number }
  | { readonly kind: 'record' }
  | { readonly kind: 'pause' }

/** A decision: the state from now on, and what is to be done, in order. */
export interface Decision {
  readonly state: Publishing
  readonly actions: ReadonlyArray<PublishingAction>
}

/** Changes nothing more. */
export const stay = (state: Publishing): Decision => ({ state, actions: [] })

/** Whether nothing happens to it any more. */
export const isOver = ({ phase }: Publishing): boolean => phase === 'ended' || phase === 'failed'

/** A stream that is about to begin, or to go on with a new epoch. */
export const beginPublishing = (identity: Identity, { at_ms }: Instant): Publishing => ({
  identity,
  phase: 'connecting',
  ending: undefined,
  failure: undefined,
  connection: 0,
  link: 'none',
  retryAt_ms: at_ms,
  attempts: 0,
  silences: 0,
  heard_ms: at_ms,
  probing: false,
  begun_ms: at_ms,
  hasStarted: false,
  epochs: [],
  mimeType: 'video/webm',
  isFull: false,
  stopWanted: false,
  isDisputed: false,
  strayStarts: 0,
  renewals_ms: [],
  stored: { chunks: 0, bytes: 0 },
  lostChunks: 0,
  words: '',
})
