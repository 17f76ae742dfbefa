/** What becomes of an epoch with which the edge cannot go on. Pure. */
import { RENEWALS_MAX, RENEWALS_MS } from './limits.ts'
import type { Decision, Failure, Instant, Publishing, PublishingAction } from './publishingState.ts'

/** Gives up, with the edge's words. */
export const fail = (state: Publishing, kind: Failure['kind']): Publishing => ({ ...state, phase: 'failed', link: 'none', failure: { kind, words: state.words } })

/**
 * Gives the epoch up, with what is kept of it: nobody knows how much of that is stored, and nothing may be stored twice. A
 * new recorder begins another, since no byte stream goes on in its middle.
 */
export const renew = (state: Publishing, { at_ms }: Instant): Decision => {
  const hangUp: ReadonlyArray<PublishingAction> = state.link === 'none' ? [] : [{ kind: 'disconnect', connection: state.connection }]
  const recent_ms = state.renewals_ms.filter((renewed_ms) => at_ms - renewed_ms < RENEWALS_MS)
  if (state.isDisputed && state.strayStarts === 0) return { state: fail(state, 'taken'), actions: hangUp }
  if (recent_ms.length >= RENEWALS_MAX || !state.hasStarted) return { state: fail(state, 'refused'), actions: hangUp }
  const [given, ...others] = state.epochs
  const again: Publishing = {
    ...state,
    phase: 'reconnecting',
    link: 'none',
    retryAt_ms: at_ms,
    isDisputed: false,
    strayStarts: Math.max(0, state.strayStarts - (state.isDisputed ? 1 : 0)),
    renewals_ms: [...recent_ms, at_ms],
  }
  const isRecorded = others.some(({ finished }) => !finished)
  return {
    state: { ...again, epochs: others, lostChunks: state.lostChunks + (given?.chunks.length ?? 0) },
    actions: !isRecorded && !state.stopWanted && !state.isFull ? [...hangUp, { kind: 'record' }] : hangUp,
  }
}
