import { PART_TARGET_AFTER_FRAMES, PART_TARGET_AFTER_MS, PART_TARGET_FRAMES_MIN } from './limits.ts'

/** 48 kHz AAC: the frame interval of a stream without video, in 90 kHz ticks. */
const AUDIO_FRAME_TICKS = 1_920
/** 5 pictures a second, the slowest pace that every part target must hold: what is taken of a camera not yet known. */
const SLOWEST_INTERVAL_TICKS = 18_000
const TICKS_PER_MS = 90
const MICROSECONDS_PER_TICK = 100 / 9

/** Collects frame times until a part target can be fixed. Times in 90 kHz ticks. */
export interface PartTargetEstimate {
  readonly times: ReadonlyArray<number>
}

export const emptyEstimate: PartTargetEstimate = { times: [] }

export const withFrame = (estimate: PartTargetEstimate, pts: number): PartTargetEstimate => ({ times: [...estimate.times, pts] })

/** Whether enough has been seen. */
export const isSettled = ({ times }: PartTargetEstimate): boolean =>
  times.length >= PART_TARGET_AFTER_FRAMES || (times.length >= PART_TARGET_FRAMES_MIN && Math.max(...times) - Math.min(...times) >= PART_TARGET_AFTER_MS * TICKS_PER_MS)

/** Median distance between frames, 90 kHz ticks. Too few say nothing, since one of two may be a stall: a slow camera's. Without any, that of AAC frames. */
export const medianInterval = ({ times }: PartTargetEstimate): number => {
  if (times.length === 0) return AUDIO_FRAME_TICKS
  if (times.length < PART_TARGET_FRAMES_MIN) return SLOWEST_INTERVAL_TICKS
  const sorted = [...times].sort((a, b) => a - b)
  const intervals = sorted.slice(1).map((time, i) => time - (sorted[i] ?? time)).filter((interval) => interval > 0).sort((a, b) => a - b)
  return intervals[Math.floor(intervals.length / 2)] ?? AUDIO_FRAME_TICKS
}

/**
 * Part target in microseconds for frames `interval` ticks (90 kHz) apart and parts of about `part_ms`: a quarter frame
 * above a whole number of frames, so that a steady source fills every part and none exceeds it.
 */
export const partTarget_us = (interval: number, part_ms: number): number => {
  const frames = Math.max(1, Math.round((part_ms * TICKS_PER_MS) / interval))
  const target = frames === 1 ? interval * 1.1 : (frames + 0.25) * interval
  return Math.ceil(target * MICROSECONDS_PER_TICK)
}
