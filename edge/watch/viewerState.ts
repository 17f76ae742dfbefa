import type { CLOSE, Over, ServerMessage, SwitchReason } from './messages.ts'
import { AUTO } from './messages.ts'
import { RAISE_AFTER_MS } from './limits.ts'
import type { Choice } from './renditions.ts'

/**
 * `Waiting`: nothing to show yet. `Behind`: it is sent one by one what it has not got, and joins so too. `InStep`: it gets
 * what is published, as all others in step do. `Over`: its socket is closed.
 */
export type Phase = 'Waiting' | 'Behind' | 'InStep' | 'Over'

/** The rendition that a viewer goes on with from its next random-access fragment on. */
export interface Next {
  readonly name: string
  readonly reason: SwitchReason
}

/** How fast a viewer is. Times are those of `now`. */
export interface Pace {
  /** Since when it has had its rendition. */
  readonly switched_ms: number
  /** When it was last raised, unless it was lowered since. */
  readonly raised_ms: number
  /** When it may be raised again if it stays calm, and the calm time that this takes. */
  readonly raiseAt_ms: number
  readonly patience_ms: number
  /** While it is behind: what it has taken so far, and when it last took something. */
  readonly taken_bytes: number
  readonly moved_ms: number
}

/** One viewer, as `decideViewer.ts` decides about it. */
export interface ViewerState {
  readonly phase: Phase
  /** A rendition's name, or `auto`. */
  readonly asked: string
  readonly choice: Choice
  /** The video rendition that it gets. */
  readonly rendition: string | undefined
  readonly next: Next | undefined
  /** The stream is over, as of `since_ms`, and it has not got all yet. */
  readonly ending: { readonly over: Over; readonly since_ms: number } | undefined
  readonly pace: Pace
  /** Messages of the second that began at `since_ms`. */
  readonly talk: { readonly since_ms: number; readonly messages: number }
}

/** What happens to a viewer. */
export type ViewerEvent =
  /** There is media of the stream, and this to choose from; or that has changed. */
  | { readonly _tag: 'Choice'; readonly choice: Choice }
  | { readonly _tag: 'Text'; readonly text: string }
  | { readonly _tag: 'Binary' }
  /** How much waits in its queue, how old the oldest of it is, and how much it has taken of what was sent to it alone. */
  | { readonly _tag: 'Queue'; readonly bytes: number; readonly lag_ms: number; readonly taken_bytes: number }
  /** Something was published that its queue did not take. */
  | { readonly _tag: 'Overflowed' }
  /** What it was to get next is no longer kept. */
  | { readonly _tag: 'Passed' }
  /** The next fragment is a random-access fragment of this rendition. */
  | { readonly _tag: 'RandomAccess'; readonly name: string }
  /** It has been sent all that there is. */
  | { readonly _tag: 'CaughtUp' }
  /** The stream is over, and all its fragments are known. */
  | { readonly _tag: 'Ended'; readonly over: Over }
  /** All viewers together have too much in their queues, and this one has most. */
  | { readonly _tag: 'Crowded' }
  /** It cannot stay. */
  | { readonly _tag: 'Refused'; readonly code: (typeof CLOSE)[keyof typeof CLOSE]; readonly reason: string }

/** What is counted of viewers; `refused`: what it said. */
export type Counted = 'skipped' | 'lowered' | 'raised' | 'stalled' | 'refused'

/** What is to be done about a viewer. */
export type ViewerAction =
  | { readonly _tag: 'Tell'; readonly message: ServerMessage }
  /** Send what is kept, from the newest random-access fragment on; `skipping`: behind what it has had. */
  | { readonly _tag: 'Begin'; readonly skipping: boolean }
  | { readonly _tag: 'EnterStep' }
  /** Nothing that is published from here on is for it. */
  | { readonly _tag: 'LeaveStep' }
  | { readonly _tag: 'Close'; readonly code: number; readonly reason: string }
  /** Cut the connection: a close frame would wait behind what is not read. */
  | { readonly _tag: 'Cut' }
  | { readonly _tag: 'Count'; readonly what: Counted }

/** A viewer that has just come, and asks for this. */
export const newViewer = (asked: string, now_ms: number): ViewerState => ({
  phase: 'Waiting',
  asked,
  choice: { ladder: [], audio: undefined },
  rendition: undefined,
  next: undefined,
  ending: undefined,
  pace: { switched_ms: now_ms, raised_ms: Number.NEGATIVE_INFINITY, raiseAt_ms: now_ms + RAISE_AFTER_MS, patience_ms: RAISE_AFTER_MS, taken_bytes: Number.NEGATIVE_INFINITY, moved_ms: now_ms },
  talk: { since_ms: Number.NEGATIVE_INFINITY, messages: 0 }
})

/** Whether the edge chooses its rendition. */
export const isAuto = ({ asked }: ViewerState): boolean => asked === AUTO

/** Whether a viewer whose queue is empty needs no look: it has the best that it may have. */
export const isContent = (state: ViewerState): boolean => state.phase === 'InStep' && (!isAuto(state) || state.rendition === state.choice.ladder[0])
