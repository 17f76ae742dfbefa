/** What a viewer got, from the pictures that were presented. Pure. */
import type { ShownPicture } from './pictures.ts'
import { quantile } from './quantile.ts'

/** No new picture for so long is a freeze. */
const freeze_ms = 500

/** All that was seen of one playback. Times in ms since 1970. */
export interface Seen {
  readonly pictures: ReadonlyArray<ShownPicture>
  readonly unreadable: number
  readonly notes: ReadonlyArray<string>
  readonly opened_ms: number
  readonly closed_ms: number
  readonly warmup_ms: number
}

/** Figures of one playback; latencies from the picture's own clock to its presentation, warm-up left out. */
export interface PlaybackSummary {
  readonly pictures: number
  readonly unreadable: number
  /** From opening the page to the first picture; `undefined`: there was none. */
  readonly firstPicture_ms: number | undefined
  readonly latency_p50_ms: number | undefined
  readonly latency_p95_ms: number | undefined
  /** Gaps of half a second and more between pictures, in ms, the one before the end included. */
  readonly freezes_ms: ReadonlyArray<number>
  /** Times that an older picture followed a newer one. */
  readonly backwards: number
  readonly firstFrame: number | undefined
  readonly lastFrame: number | undefined
  /** Frames between first and last that were not presented; a browser may skip some at a raised rate. */
  readonly notShown: number
  /** How often each event came. */
  readonly notes: Readonly<Record<string, number>>
}

const gapsOf = (pictures: ReadonlyArray<ShownPicture>, closed_ms: number): ReadonlyArray<number> => {
  const times = [...pictures.map(({ shown_ms }) => shown_ms), closed_ms]
  return times.slice(1).map((time, index) => time - (times[index] ?? time))
}

/** Sums up one playback. */
export const summarize = ({ pictures, unreadable, notes, opened_ms, closed_ms, warmup_ms }: Seen): PlaybackSummary => {
  const first = pictures[0]
  const last = pictures.at(-1)
  const begun_ms = (first?.shown_ms ?? 0) + warmup_ms
  const latencies = pictures.filter(({ shown_ms }) => shown_ms >= begun_ms).map(({ shown_ms, taken_ms }) => shown_ms - taken_ms)
  const distinct = new Set(pictures.map(({ frame }) => frame)).size
  const counts: Record<string, number> = {}
  for (const note of notes) counts[note] = (counts[note] ?? 0) + 1
  return {
    pictures: pictures.length,
    unreadable,
    firstPicture_ms: first && first.shown_ms - opened_ms,
    latency_p50_ms: quantile(latencies, 0.5),
    latency_p95_ms: quantile(latencies, 0.95),
    freezes_ms: pictures.length === 0 ? [] : gapsOf(pictures, closed_ms).filter((gap) => gap >= freeze_ms),
    backwards: pictures.filter(({ frame }, index) => frame < (pictures[index - 1]?.frame ?? 0)).length,
    firstFrame: first?.frame,
    lastFrame: last?.frame,
    notShown: first === undefined || last === undefined ? 0 : Math.max(0, last.frame - first.frame + 1 - distinct),
    notes: counts,
  }
}
