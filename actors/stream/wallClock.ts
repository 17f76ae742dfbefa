import type { Packager } from '../packager/packager.ts'
import { PAUSE_SETTLES_MS, WALL_CLOCK_DRIFT_MS_MAX } from './limits.ts'

const TICKS_PER_MS = 90

/** How late frames come, against what program date-time says of them; ms. */
export interface Arrival {
  readonly lag_ms: number
  /** Set while frames come later than before by a leap: after a pause of the recorder, or while a backlog is sent. */
  readonly pause: { readonly since_ms: number; readonly before_ms: number } | undefined
}

/**
 * Which wall clock the frame at `ticks` (90 kHz) has. Chunks come by jerks, and the clock must not go back: only where it
 * has fallen behind by more than that it is set anew.
 */
export const anchorAt = (before: Packager['anchor'], ticks: number, received_ms: number): Packager['anchor'] =>
  before !== undefined && lagOf(before, ticks, received_ms) <= WALL_CLOCK_DRIFT_MS_MAX ? before : { wall_ms: received_ms, ticks }

/** How long after its time by the anchor the frame at `ticks` has come, in ms. */
export const lagOf = (anchor: NonNullable<Packager['anchor']>, ticks: number, received_ms: number): number =>
  received_ms - anchor.wall_ms - (ticks - anchor.ticks) / TICKS_PER_MS

/** Another frame has come, `lag_ms` late. A leap beyond `pause_ms_max` is no pause, but an edge's clock that was stepped. */
export const followArrival = (arrival: Arrival | undefined, lag_ms: number, received_ms: number, pause_ms_max: number): Arrival => {
  const before_ms = arrival?.pause?.before_ms ?? arrival?.lag_ms ?? lag_ms
  const leap_ms = lag_ms - before_ms
  if (leap_ms <= WALL_CLOCK_DRIFT_MS_MAX || leap_ms > pause_ms_max) return { lag_ms, pause: undefined }
  return { lag_ms, pause: arrival?.pause ?? { since_ms: received_ms, before_ms } }
}

/** Whether frames come later for good: the recorder had paused, and a backlog would have been caught up with by now. */
export const hasPaused = ({ pause }: Arrival, received_ms: number): boolean => pause !== undefined && received_ms - pause.since_ms >= PAUSE_SETTLES_MS
