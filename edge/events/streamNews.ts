import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { stateOf } from '../http/describeStream.ts'
import type { StreamFigures } from '../viewers/LiveFigures.ts'
import { FIGURE_STEP_MS, FIGURE_STEP_SHARE, OVER_LOOKED_AT_MS, UPDATE_MS_MIN } from './limits.ts'

/** A stream as it is now. An entry of the bucket is another object whenever it was written. */
export interface Seen {
  readonly entry: StreamState
  readonly figures: StreamFigures
}

interface Told extends Seen {
  readonly at_ms: number
}

/**
 * What everyone has been told of streams, and what of them is news: a change of state, or the first sight of one, at once, anything
 * else once a second. Figures that only jitter are none. Time is an argument.
 */
export class StreamNews {
  readonly #told = new Map<string, Told>()

  /** Notes how a stream is; true where everyone is to be told so now. */
  look(id: string, seen: Seen, now_ms: number): boolean {
    const before = this.#told.get(id)
    if (before !== undefined && !isNews(before, seen, now_ms)) return false
    this.#told.set(id, { ...seen, at_ms: now_ms })
    return true
  }

  /** Streams of which there may be news without their entries being written. */
  watched(now_ms: number): ReadonlyArray<string> {
    for (const [id, { entry, at_ms }] of this.#told) if (entry.status !== StreamStatus.LIVE && now_ms - at_ms > OVER_LOOKED_AT_MS) this.#told.delete(id)
    return [...this.#told.keys()]
  }

  forget(id: string): void {
    this.#told.delete(id)
  }

  /** Nobody listens any more: whoever comes next is told all. */
  clear(): void {
    this.#told.clear()
  }
}

const isNews = (before: Told, seen: Seen, now_ms: number): boolean => {
  if (stateOf(before.entry, before.figures.publishing) !== stateOf(seen.entry, seen.figures.publishing)) return true
  return now_ms - before.at_ms >= UPDATE_MS_MIN && differs(before, seen)
}

const differs = (before: Seen, { entry, figures }: Seen): boolean =>
  before.entry !== entry ||
  before.figures.viewers !== figures.viewers ||
  before.figures.publishing !== figures.publishing ||
  isStep(before.figures.lag_ms, figures.lag_ms) ||
  isStep(before.figures.latency_ms, figures.latency_ms)

const isStep = (before: number | undefined, now: number | undefined): boolean => {
  if (before === undefined || now === undefined) return before !== now
  const change = Math.abs(now - before)
  return change >= FIGURE_STEP_MS && change >= FIGURE_STEP_SHARE * Math.max(now, before)
}
