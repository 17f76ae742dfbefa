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
  /** Something broke; the log is as it was, and another activation may go on. */
  | { readonly _tag: 'Crashed'; readonly reason: string }
  /** The actor says that there is no going on. */
  | { readonly _tag: 'Failed'; readonly reason: string }

/** What a failed step of the runtime means for the activation. */
export const exitOf = (error: AppendError | LogUnavailable | { readonly _tag: 'Superseded' }): ActivationExit => {
  if (error._tag === 'Superseded' || error._tag === 'Fenced') return { _tag: 'Superseded' }
  if (error._tag === 'HeadLost') return { _tag: 'Failed', reason: 'the log of the actor was removed' }
  return { _tag: 'Crashed', reason: error._tag }
}
