import { expect, it } from 'vitest'
import { runLongStream, type Sizes } from './longStream.ts'

const HOURS = 2

/** More than a chunk or an announcement of this stream; a sample may fall between a record and the trim that follows it. */
const RECORD_BYTES = 300

/** A size that a share of the samples does not pass. */
const share = (sizes: ReadonlyArray<Sizes>, what: keyof Sizes, of: number): number =>
  sizes.map((one) => one[what]).sort((a, b) => a - b)[Math.floor(of * (sizes.length - 1))] ?? 0

it('a stream of hours holds logs and checkpoint at the size that its first half hour has', () => {
  const { sizes, frames, violation } = runLongStream(HOURS)
  expect(violation).toBeUndefined()
  expect(frames).toBe(HOURS * 1_800)
  const [early, later] = [sizes.slice(0, 30), sizes.slice(30)]
  for (const what of ['ingest', 'media', 'segments', 'checkpoint'] as const) {
    expect(share(later, what, 0.9), what).toBeLessThanOrEqual(1.2 * share(early, what, 0.9))
    expect(share(later, what, 1), what).toBeLessThanOrEqual(1.2 * share(early, what, 1) + RECORD_BYTES)
  }
}, 120_000)
