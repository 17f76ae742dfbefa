import type { Packager } from '../packager/packager.ts'
import { PAUSE_LAG_MS_MAX, PAUSE_SETTLES_MS, WALL_CLOCK_DRIFT_MS_MAX } from './limits.ts'

const TICKS_PER_MS = 90

/** How late frames come, against what program date-time says of them; ms. */
export interface Arrival {
  readonly lag_ms: number
  /** When it came, with all frames of its chunk. */
  readonly received_ms: number
  /**
   * Set while frames come later than before by a leap: after a pause of the recorder, or while a backlog is sent. Since
   * when they have been as late as they are now.
   */
  readonly pause: { readonly since_ms: number; readonly lag_ms: number; readonly before_ms: number } | undefined
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
  if (leap_ms <= WALL_CLOCK_DRIFT_MS_MAX || leap_ms > pause_ms_max) return { lag_ms, received_ms, pause: undefined }
  const { pause } = arrival ?? {}
  // Of a chunk, the first frame is the latest.
  const isAsLate = pause !== undefined && (received_ms === arrival?.received_ms || Math.abs(lag_ms - pause.lag_ms) <= PAUSE_LAG_MS_MAX)
  return { lag_ms, received_ms, pause: isAsLate ? pause : { since_ms: received_ms, lag_ms, before_ms } }
}

/** Whether frames come later for good: the recorder had paused. With a backlog they are less late each time, or later still. */
export const hasPaused = ({ pause }: Arrival, received_ms: number): boolean => pause !== undefined && received_ms - pause.since_ms >= PAUSE_SETTLES_MS
