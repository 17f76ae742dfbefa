/** What the page shows of a stream being published. Pure. */
import { keptOf } from './epochs.ts'
import type { Publishing } from './publishingState.ts'

/** How safe what was recorded is. */
export interface Figures {
  readonly storedChunks: number
  readonly storedBytes: number
  readonly waitingChunks: number
  readonly waitingBytes: number
  /** How long the oldest chunk has been waiting to become durable. */
  readonly waiting_s: number
  /** From when the oldest chunk that waits was recorded to when the newest was. */
  readonly kept_s: number
  readonly lostChunks: number
}

/** Reads the figures off a state. */
export const figuresOf = ({ epochs, stored, lostChunks }: Publishing, at_ms: number): Figures => {
  const waiting = keptOf(epochs)
  const chunks = epochs.flatMap((epoch) => [epoch.chunks[0], epoch.chunks.at(-1)]).filter((chunk) => chunk !== undefined)
  const [oldest, newest] = [chunks[0], chunks.at(-1)]
  return {
    storedChunks: stored.chunks,
    storedBytes: stored.bytes,
    waitingChunks: waiting.chunks,
    waitingBytes: waiting.bytes,
    waiting_s: oldest === undefined ? 0 : Math.max(0, at_ms - oldest.captured_ms) / 1000,
    kept_s: oldest === undefined || newest === undefined ? 0 : (newest.captured_ms - oldest.captured_ms) / 1000,
    lostChunks,
  }
}

/** Bytes of the last seconds. */
export interface Rate {
  readonly samples: ReadonlyArray<{ readonly at_ms: number; readonly bytes: number }>
}

const span_ms = 4_000

/** Nothing recorded yet. */
export const noRate: Rate = { samples: [] }

/** Adds what was recorded just now. */
export const addToRate = ({ samples }: Rate, bytes: number, at_ms: number): Rate => ({
  samples: [...samples.filter((sample) => at_ms - sample.at_ms < span_ms), { at_ms, bytes }],
})

/** Bits a second, over at least a second; 0 while less is known. */
export const bitsPerSecond = ({ samples }: Rate, at_ms: number): number => {
  const recent = samples.filter((sample) => at_ms - sample.at_ms < span_ms)
  const [first] = recent
  const length_ms = first === undefined ? 0 : at_ms - first.at_ms
  return length_ms < 1_000 ? 0 : (8_000 * recent.slice(1).reduce((sum, { bytes }) => sum + bytes, 0)) / length_ms
}
