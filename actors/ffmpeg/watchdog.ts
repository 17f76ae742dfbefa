import { ASLEEP_FRAMES, ASLEEP_MS, FIRST_OUTPUT_MS, PAUSE_MS, STALLED_MS } from './limits.ts'

/** Times are milliseconds of a monotonic clock; undefined where it has not happened. */
export interface Progress {
  /** The oldest input since the last output, or that output where input waited even then; pauses of the source are left out. */
  readonly waitingSince_ms: number | undefined
  readonly lastInput_ms: number | undefined
  readonly lastOutput_ms: number | undefined
  /** Bytes that FFmpeg has not taken. */
  readonly queuedBytes: number
  /** When there was no more input to come. */
  readonly ended_ms: number | undefined
  /** How long it was seen asleep since the last output though it had something to do; see `asleepFor`. */
  readonly asleep_ms: number
  /** Frames that have begun in the input since the last output. */
  readonly frames: number
}

/** When a child counts as hanging; the limits are those of the same names. */
export interface WatchdogLimits {
  readonly stalled_ms: number
  readonly firstOutput_ms: number
  readonly asleep_ms: number
  readonly asleepFrames: number
}

/** The limits in production. */
export const watchdogLimits: WatchdogLimits = { stalled_ms: STALLED_MS, firstOutput_ms: FIRST_OUTPUT_MS, asleep_ms: ASLEEP_MS, asleepFrames: ASLEEP_FRAMES }

/** The start of waiting once input came again: what the source paused is not the child's. */
export const waitingWithoutPause = ({ waitingSince_ms, lastInput_ms, queuedBytes }: Progress, now_ms: number): number => {
  if (waitingSince_ms === undefined) return now_ms
  const pause_ms = queuedBytes > 0 ? 0 : Math.max(0, now_ms - (lastInput_ms ?? now_ms) - PAUSE_MS)
  return waitingSince_ms + pause_ms
}

/** Whether the child has something to do: input that it does not take, a frame that has just begun, or an end to come to. */
export const hasWork = ({ queuedBytes, ended_ms }: Progress, lastFrame_ms: number | undefined, now_ms: number): boolean =>
  queuedBytes > 0 || ended_ms !== undefined || (lastFrame_ms !== undefined && now_ms - lastFrame_ms < PAUSE_MS)

/**
 * How long a child that is asleep now, with something to do, has been seen so, given that it was looked at `since_ms`
 * ago last. Where this process could not look for long, it could not read either: that time is not the child's.
 */
export const asleepFor = (before_ms: number, since_ms: number, period_ms: number): number => before_ms + Math.min(since_ms, 2 * period_ms)

/**
 * Why a child must be killed, or undefined while it works. A source that stalls gives no input and is never blamed: the
 * child is late only while input goes on coming, waits to be taken, or has ended; or when it never gave anything. One
 * that has given something is late soon where it sleeps: a machine without time for it would show it ready to run.
 */
export const hangReason = (progress: Progress, now_ms: number, limits: WatchdogLimits): string | undefined => {
  const { waitingSince_ms, lastInput_ms, lastOutput_ms, queuedBytes, ended_ms, asleep_ms, frames } = progress
  if (lastOutput_ms !== undefined && asleep_ms >= limits.asleep_ms && (frames >= limits.asleepFrames || queuedBytes > 0 || ended_ms !== undefined)) {
    return `slept for ${limits.asleep_ms} ms over its input`
  }
  if (ended_ms !== undefined && now_ms - Math.max(ended_ms, lastOutput_ms ?? ended_ms) >= limits.stalled_ms) {
    return `did not finish within ${limits.stalled_ms} ms after the end of its input`
  }
  if (waitingSince_ms === undefined || lastInput_ms === undefined) return undefined
  const inputUntil_ms = queuedBytes > 0 ? now_ms : lastInput_ms
  if (inputUntil_ms - waitingSince_ms >= limits.stalled_ms) {
    return `gave nothing for ${limits.stalled_ms} ms while input came`
  }
  if (lastOutput_ms === undefined && now_ms - waitingSince_ms >= limits.firstOutput_ms) {
    return `gave nothing within ${limits.firstOutput_ms} ms after its first input`
  }
  return undefined
}
