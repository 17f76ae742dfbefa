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

/** How long after a stall the player may be expected to do without the distance that the stall added. */
const stallForgotten_ms = 20_000
const jump = { behind_s: 0.3, spare_s: 0.3 }

const begin = { behind_s: 0.15, buffer_s: 0.35 }
const finish = { behind_s: 0.03, buffer_s: 0.15 }

/** The rate to play at now, given the rate until now. */
export const nextRate = (rate: Rate, { latency_s, target_s, buffer_s }: LiveDistance): Rate => {
  const behind_s = latency_s - target_s
  if (rate === 1) return behind_s > begin.behind_s && buffer_s > begin.buffer_s ? 1.1 : 1
  return behind_s > finish.behind_s && buffer_s > finish.buffer_s ? 1.1 : 1
}

/**
 * How far a player that has only just begun may jump ahead, in seconds; 0: not at all. It begins late by what opening
 * took, and catching that up by rate takes ten times as long. It jumps only within what is downloaded.
 */
export const jumpAtStart_s = ({ latency_s, target_s, buffer_s }: LiveDistance): number => {
  const behind_s = latency_s - target_s
  return behind_s > jump.behind_s && buffer_s >= behind_s + jump.spare_s ? behind_s : 0
}

/** Whether the last stall is so long ago that the distance it added can be given up. */
export const isStallForgotten = (lastStall_ms: number, now_ms: number): boolean => now_ms - lastStall_ms >= stallForgotten_ms
