/**
 * How fast a pushed stream plays. What is ahead of the picture falls between two fragments and leaps up with each: the
 * least of it over the last two seconds is what may be given up, however the publisher's chunks come. Pure.
 */

/** Playback rates: real time, and catching up from a little or a lot behind. */
export type PushedRate = 1 | 1.1 | 1.2

/** The rate, and what it follows from. */
export interface PushRate {
  readonly rate: PushedRate
  /** The least that should be ahead of the picture, in seconds; stalls raise it for a while. */
  readonly target_s: number
  /** Where it began and returns to. */
  readonly lowestTarget_s: number
  /** When the target last changed or was still right, by the page's clock. */
  readonly calmSince_ms: number
  /** The least seen in each half second, the one that runs first, as if it had been played at rate 1 throughout. */
  readonly least_s: ReadonlyArray<number>
  readonly halfBegan_ms: number
  /** What has been played beyond rate 1. */
  readonly gained_s: number
  readonly seen_ms: number
}

/** What is done: another rate, or a leap forward by some seconds. */
export interface RateDecision {
  readonly state: PushRate
  readonly leap_s: number
}

const half_ms = 500
/** Half seconds that are looked back to; so many are enough to begin with. */
const halvesKept = 4
const halvesNeeded = 2
/** Where targets begin and return to. What plays sound has taken a tenth of a second of it before it is heard; pictures need none. */
export const lowestTargets_s = { withSound: 0.11, silent: 0.06 } as const
const highestTarget_s = 0.7
const raisedBy_s = 0.04
const loweredBy_s = 0.04
const calm_ms = 45_000
const calmStep_ms = 10_000
/** Catching up by rate takes too long beyond this. */
const leapBeyond_s = 1.5

const begin_s = 0.05
const hurry_s = 0.35
const finish_s = 0.01
/** Looks are closer together than that while it plays. */
const looksApart_ms_max = 250

/** A playback that begins, or goes on elsewhere than before. */
export const beginRate = (now_ms: number, lowestTarget_s: number, target_s = lowestTarget_s): PushRate => ({
  rate: 1,
  target_s,
  lowestTarget_s,
  calmSince_ms: now_ms,
  least_s: [],
  halfBegan_ms: now_ms,
  gained_s: 0,
  seen_ms: now_ms,
})

/** After a stall more has to be ahead, for as long as it takes to be calm again. */
export const raiseTarget = (state: PushRate, now_ms: number): PushRate => ({
  ...beginRate(now_ms, state.lowestTarget_s, Math.min(highestTarget_s, state.target_s + raisedBy_s)),
})

const lower = (state: PushRate, now_ms: number): PushRate => {
  if (state.target_s <= state.lowestTarget_s || now_ms - state.calmSince_ms < calm_ms) return state
  return { ...state, target_s: Math.max(state.lowestTarget_s, state.target_s - loweredBy_s), calmSince_ms: now_ms - calm_ms + calmStep_ms }
}

const sample = (before: PushRate, ahead_s: number, now_ms: number): PushRate => {
  const gained_s = before.gained_s + ((before.rate - 1) * Math.min(now_ms - before.seen_ms, looksApart_ms_max)) / 1000
  const state = { ...before, gained_s, seen_ms: now_ms }
  const seen_s = ahead_s + gained_s
  const [least_s = seen_s, ...before_s] = state.least_s
  if (now_ms - state.halfBegan_ms < half_ms) return { ...state, least_s: [Math.min(least_s, seen_s), ...before_s] }
  return { ...state, least_s: [seen_s, ...state.least_s].slice(0, halvesKept), halfBegan_ms: now_ms }
}

const nextRate = (rate: PushedRate, behind_s: number): PushedRate => {
  if (behind_s > hurry_s) return 1.2
  if (rate === 1) return behind_s > begin_s ? 1.1 : 1
  return behind_s > finish_s ? rate : 1
}

/** What follows from how much is ahead of the picture now, in seconds. Cheap: it may be asked with each fragment. */
export const adaptRate = (state: PushRate, ahead_s: number, now_ms: number): RateDecision => {
  const seen = lower(sample(state, ahead_s, now_ms), now_ms)
  const { least_s, target_s, gained_s } = seen
  if (least_s.length < halvesNeeded) return { state: seen, leap_s: 0 }
  const behind_s = Math.min(...least_s) - gained_s - target_s
  if (behind_s > leapBeyond_s) return { state: beginRate(now_ms, seen.lowestTarget_s, target_s), leap_s: behind_s }
  return { state: { ...seen, rate: nextRate(seen.rate, behind_s) }, leap_s: 0 }
}
