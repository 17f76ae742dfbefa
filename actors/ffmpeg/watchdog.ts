import { FIRST_OUTPUT_MS, STALLED_MS } from './limits.ts'

/** Times are milliseconds of a monotonic clock; undefined where it has not happened. */
export interface Progress {
  /** The oldest input since the last output. */
  readonly waitingSince_ms: number | undefined
  readonly lastInput_ms: number | undefined
  readonly lastOutput_ms: number | undefined
  /** Bytes that FFmpeg has not taken. */
  readonly queuedBytes: number
  /** When there was no more input to come. */
  readonly ended_ms: number | undefined
}

/** When a child counts as hanging; the limits are `STALLED_MS` and `FIRST_OUTPUT_MS`. */
export interface WatchdogLimits {
  readonly stalled_ms: number
  readonly firstOutput_ms: number
}

/** The limits in production. */
export const watchdogLimits: WatchdogLimits = { stalled_ms: STALLED_MS, firstOutput_ms: FIRST_OUTPUT_MS }

/**
 * Why a child must be killed, or undefined while it works. A source that stalls gives no input and is never blamed: the
 * child is late only while input goes on coming, waits to be taken, or has ended; or when it never gave anything.
 */
export const hangReason = (progress: Progress, now_ms: number, limits: WatchdogLimits): string | undefined => {
  const { waitingSince_ms, lastInput_ms, lastOutput_ms, queuedBytes, ended_ms } = progress
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
