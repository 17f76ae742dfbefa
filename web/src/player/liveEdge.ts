/** How far a live picture is behind, in time and on the bar. Pure. */
import type { Figures, LiveWindow } from './engine.ts'

/** Whether a live picture is as close to the edge as it should be, give or take what rate control is about to catch up. */
export const isAtLiveEdge = ({ latency_s, target_s }: Pick<Figures, 'latency_s' | 'target_s'>): boolean =>
  latency_s === undefined || latency_s < (target_s ?? 2) + 1.5

/** A clock that differs from the server's by more than this says nothing of a picture's age. */
const believed_s = 24 * 3_600

/** From the camera to the picture, where the stream tells when it was filmed and the clocks agree; else behind the live edge. In seconds. */
export const delayOf = ({ shownAt_ms, latency_s }: Pick<Figures, 'shownAt_ms' | 'latency_s'>, now_ms: number): number | undefined => {
  const age_s = shownAt_ms === undefined ? undefined : (now_ms - shownAt_ms) / 1000
  if (age_s === undefined || age_s < 0 || age_s > believed_s || (latency_s !== undefined && age_s < latency_s)) return latency_s
  return age_s
}

/** What can be gone back to: what the engine tells, or else what the playlist said, up to the newest picture. */
export const windowOf = ({ window, shownAt_ms, latency_s }: Pick<Figures, 'window' | 'shownAt_ms' | 'latency_s'>, listed: LiveWindow | undefined): LiveWindow | undefined => {
  if (window !== undefined) return window
  if (listed === undefined || shownAt_ms === undefined) return undefined
  return { start_ms: listed.start_ms, end_ms: Math.max(listed.end_ms, shownAt_ms + (latency_s ?? 0) * 1000) }
}

/** Nearer than this there is nothing to go to but the live edge. */
const near_ms = 3_000

/** Where going to a moment leads: to the live edge, or to a time within the window. */
export const goTo = (at_ms: number, { start_ms, end_ms }: LiveWindow): 'live' | number => (at_ms > end_ms - near_ms ? 'live' : Math.max(at_ms, start_ms))
