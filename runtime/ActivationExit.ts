import type { LogUnavailable } from './errors.ts'
import type { AppendError } from './Log.ts'

/** How an activation ended. */
export type ActivationExit =
  /** The actor's work is done. */
  | { readonly _tag: 'Finished' }
  /** The actor came to a good stop for another node to go on. */
  | { readonly _tag: 'Released' }
  /** Somebody else owns the actor. */
  | { readonly _tag: 'Superseded' }
  /**
   * The log is as it was, and another activation may go on. `broke`: it broke by itself, and was not ended from outside.
   * `progressed`: something that the actor is there to make was stored before.
   */
  | { readonly _tag: 'Crashed'; readonly reason: string; readonly broke: boolean; readonly progressed: boolean }
  /** The log gave no answer before the activation had begun. Says nothing of the actor. */
  | { readonly _tag: 'Unavailable'; readonly reason: string }
  /** The actor says that there is no going on. */
  | { readonly _tag: 'Failed'; readonly reason: string }

/** What a failed step of the runtime means for the activation. */
export const exitOf = (error: AppendError | LogUnavailable | { readonly _tag: 'Superseded' | 'NotWanted' }): ActivationExit => {
  if (error._tag === 'NotWanted') return { _tag: 'Finished' }
  if (error._tag === 'Superseded' || error._tag === 'Fenced') return { _tag: 'Superseded' }
  if (error._tag === 'HeadLost') return { _tag: 'Failed', reason: 'the log of the actor was removed' }
  if (error._tag === 'LogUnavailable' || error._tag === 'LogFull') return { _tag: 'Unavailable', reason: error._tag }
  return { _tag: 'Crashed', reason: error._tag, broke: true, progressed: false }
}
