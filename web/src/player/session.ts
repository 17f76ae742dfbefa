/**
 * The life of one playback: loading, playing, stalling, failing, coming back. Pure; `SourcePlayback` performs the actions.
 */

/** Where playback stands. */
export type Phase = 'loading' | 'playing' | 'stalled' | 'recovering' | 'ended'

/** A playback, with what recovery has to remember. */
export interface Session {
  readonly phase: Phase
  /** Whether there ever was a picture; without one a failure is still loading. */
  readonly hasPlayed: boolean
  /** Restarts since it last played well. */
  readonly attempts: number
  /** When it last began to play, by the page's clock. */
  readonly playingSince_ms: number | undefined
}

/** What the engine or the video element reports; `pathLeft`: another way of playing is taken at once. */
export type SessionEvent = 'playing' | 'waiting' | 'ended' | 'networkFailed' | 'mediaFailed' | 'pathLeft' | 'retry'

/** What is to be done: decode again on the same stream, or open it anew after a pause. */
export type SessionAction =
  | { readonly kind: 'recoverMedia' }
  | { readonly kind: 'retryLater'; readonly after_ms: number }
  | { readonly kind: 'open' }

/** A decision: the state from now on, and what is to be done. */
export interface Decision {
  readonly session: Session
  readonly actions: ReadonlyArray<SessionAction>
}

/** The longest pause between two attempts. */
export const longestPause_ms = 8_000
const firstPause_ms = 500
/** Playing for so long forgives earlier failures. */
const forgivenAfter_ms = 10_000

/** A playback that has just been opened. */
export const opened: Session = { phase: 'loading', hasPlayed: false, attempts: 0, playingSince_ms: undefined }

const failed = (session: Session, event: 'networkFailed' | 'mediaFailed', now_ms: number): Decision => {
  const playedWell = session.playingSince_ms !== undefined && now_ms - session.playingSince_ms >= forgivenAfter_ms
  const earlier = playedWell ? 0 : session.attempts
  const next: Session = { ...session, phase: session.hasPlayed ? 'recovering' : 'loading', attempts: earlier + 1, playingSince_ms: undefined }
  if (event === 'mediaFailed' && earlier === 0) return { session: next, actions: [{ kind: 'recoverMedia' }] }
  const after_ms = Math.min(longestPause_ms, firstPause_ms * 2 ** earlier)
  return { session: next, actions: [{ kind: 'retryLater', after_ms }] }
}

/** What follows from an event at `now_ms`. */
export const decide = (session: Session, event: SessionEvent, now_ms: number): Decision => {
  const stay: Decision = { session, actions: [] }
  if (session.phase === 'ended') return stay
  switch (event) {
    case 'playing':
      return { session: { ...session, phase: 'playing', hasPlayed: true, playingSince_ms: session.playingSince_ms ?? now_ms }, actions: [] }
    case 'waiting':
      return session.phase === 'playing' ? { session: { ...session, phase: 'stalled' }, actions: [] } : stay
    case 'ended':
      return { session: { ...session, phase: 'ended' }, actions: [] }
    case 'retry':
      return session.phase === 'recovering' || session.phase === 'loading' ? { session, actions: [{ kind: 'open' }] } : stay
    case 'pathLeft':
      return { session: { ...session, phase: session.hasPlayed ? 'stalled' : 'loading', playingSince_ms: undefined }, actions: [{ kind: 'open' }] }
    case 'networkFailed':
    case 'mediaFailed':
      return failed(session, event, now_ms)
  }
}
