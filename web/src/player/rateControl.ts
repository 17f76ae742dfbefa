/**
 * How fast a live player plays, to stay close behind the live edge. Two speeds with hysteresis: a player that changes
 * its rate often loses more than it gains.
 */

/** Playback rates: real time, and catching up. */
export type Rate = 1 | 1.1

/** What the player sees, in seconds. */
export interface LiveDistance {
  /** How far the picture is behind the live edge. */
  readonly latency_s: number
  /** How far it should be. */
  readonly target_s: number
  /** Media downloaded ahead of the picture. */
  readonly buffer_s: number
}

const begin = { behind_s: 0.15, buffer_s: 0.35 }
const finish = { behind_s: 0.03, buffer_s: 0.15 }

/** The rate to play at now, given the rate until now. */
export const nextRate = (rate: Rate, { latency_s, target_s, buffer_s }: LiveDistance): Rate => {
  const behind_s = latency_s - target_s
  if (rate === 1) return behind_s > begin.behind_s && buffer_s > begin.buffer_s ? 1.1 : 1
  return behind_s > finish.behind_s && buffer_s > finish.buffer_s ? 1.1 : 1
}
