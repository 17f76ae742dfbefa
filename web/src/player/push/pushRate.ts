/**
 * How fast a pushed stream plays. What is ahead of the picture falls between two fragments and leaps up with each: the
 * least of it over the last second is what may be given up, however the publisher's chunks come. Pure.
 */

/** Playback rates: real time, and catching up from a little or a lot behind. */
export type PushedRate = 1 | 1.1 | 1.2

/** The rate, and what it follows from. */
export interface PushRate {
  readonly rate: PushedRate
  /** The least that should be ahead of the picture, in seconds; stalls raise it for a while. */
  readonly target_s: number
  /** When the target last changed or was still right, by the page's clock. */
  readonly calmSince_ms: number
  /** The least seen in the half second that runs, and in the one before. */
  readonly least_s: number | undefined
  readonly leastBefore_s: number | undefined
  readonly halfBegan_ms: number
}

/** What is done: another rate, or a leap forward by some seconds. */
export interface RateDecision {
  readonly state: PushRate
  readonly leap_s: number
}

const half_ms = 500
/** Where targets begin and return to: three pictures at 30 in a second. */
export const lowestTarget_s = 0.1
const highestTarget_s = 0.7
const raisedBy_s = 0.1
const loweredBy_s = 0.05
const calm_ms = 15_000
const calmStep_ms = 5_000
/** Catching up by rate takes too long beyond this. */
const leapBeyond_s = 1.5

const begin_s = 0.08
const hurry_s = 0.35
const finish_s = 0.01

/** A playback that begins, or goes on elsewhere than before. */
export const beginRate = (now_ms: number, target_s = lowestTarget_s): PushRate => ({
  rate: 1,
  target_s,
  calmSince_ms: now_ms,
  least_s: undefined,
  leastBefore_s: undefined,
  halfBegan_ms: now_ms,
})

/** After a stall more has to be ahead, for as long as it takes to be calm again. */
export const raiseTarget = (state: PushRate, now_ms: number): PushRate => ({
  ...beginRate(now_ms, Math.min(highestTarget_s, state.target_s + raisedBy_s)),
})

const lower = (state: PushRate, now_ms: number): PushRate => {
  if (state.target_s <= lowestTarget_s || now_ms - state.calmSince_ms < calm_ms) return state
  return { ...state, target_s: Math.max(lowestTarget_s, state.target_s - loweredBy_s), calmSince_ms: now_ms - calm_ms + calmStep_ms }
}

const sample = (state: PushRate, ahead_s: number, now_ms: number): PushRate => {
  if (now_ms - state.halfBegan_ms < half_ms) return { ...state, least_s: Math.min(state.least_s ?? ahead_s, ahead_s) }
  return { ...state, leastBefore_s: state.least_s, least_s: ahead_s, halfBegan_ms: now_ms }
}

const nextRate = (rate: PushedRate, behind_s: number): PushedRate => {
  if (behind_s > hurry_s) return 1.2
  if (rate === 1) return behind_s > begin_s ? 1.1 : 1
  return behind_s > finish_s ? rate : 1
}

/** What follows from how much is ahead of the picture now, in seconds. Cheap: it may be asked with each fragment. */
export const adaptRate = (state: PushRate, ahead_s: number, now_ms: number): RateDecision => {
  const seen = lower(sample(state, ahead_s, now_ms), now_ms)
  const { least_s, leastBefore_s, target_s } = seen
  if (least_s === undefined || leastBefore_s === undefined) return { state: seen, leap_s: 0 }
  const behind_s = Math.min(least_s, leastBefore_s) - target_s
  if (behind_s > leapBeyond_s) return { state: beginRate(now_ms, target_s), leap_s: behind_s }
  return { state: { ...seen, rate: nextRate(seen.rate, behind_s) }, leap_s: 0 }
}
