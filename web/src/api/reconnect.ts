/** When a socket that closed is opened again. Pure. */

/** A connection that is over. */
export interface Closed {
  /** WebSocket close code; 1006 where nobody said one. */
  readonly code: number
  /** How long it had been open, in ms; `undefined`: it never opened. */
  readonly openFor_ms: number | undefined
}

/** What follows: the failures from now on, and the pause before the next attempt. */
export interface NextAttempt {
  readonly failures: number
  readonly pause_ms: number
}

const firstPause_ms = 300
/** The longest pause between two attempts. */
export const longestPause_ms = 10_000
/** An edge that goes away is left at once; its viewers come back to the others over this time, not all in one moment. */
const spread_ms = 400
const tryLater_ms = 2_000
/** A connection that lasted this long was a good one. */
const forgivenAfter_ms = 5_000

const goingAway = 1001
const tryAgainLater = 1013

/** Whether a close code says that trying again cannot help: the end of what was asked for, or a refusal of it. */
export const isFinalCode = (code: number): boolean => code === 1000 || (code >= 4400 && code < 4500)

/** The pause after a close, given the failures before it; `random` in 0…1 spreads those who lost the same edge. */
export const nextAttempt = (failures: number, { code, openFor_ms }: Closed, random: number): NextAttempt => {
  const earlier = openFor_ms !== undefined && openFor_ms >= forgivenAfter_ms ? 0 : failures
  if (code === goingAway && earlier === 0) return { failures: 1, pause_ms: random * spread_ms }
  const first_ms = code === tryAgainLater ? tryLater_ms : firstPause_ms
  const most_ms = Math.min(longestPause_ms, first_ms * 2 ** Math.min(earlier, 10))
  return { failures: earlier + 1, pause_ms: most_ms * (0.5 + random / 2) }
}

/** Whether a connection is dead: what was asked last has not been answered by anything. */
export const isSilent = (asked_ms: number | undefined, heard_ms: number): boolean => asked_ms !== undefined && heard_ms < asked_ms
