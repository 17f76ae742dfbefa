import { expect, it } from 'vitest'
import { runLongStream, type Sizes } from './longStream.ts'

const HOURS = 2

const biggest = (sizes: ReadonlyArray<Sizes>, what: keyof Sizes): number => Math.max(...sizes.map((one) => one[what]))

it('a stream of hours holds logs and checkpoint at the size that its first half hour has', () => {
  const { sizes, frames, violation } = runLongStream(HOURS)
  expect(violation).toBeUndefined()
  expect(frames).toBe(HOURS * 1_800)
  const [early, later] = [sizes.slice(0, 30), sizes.slice(30)]
  for (const what of ['ingest', 'media', 'segments', 'checkpoint'] as const) {
    expect(biggest(later, what), what).toBeLessThanOrEqual(1.5 * biggest(early, what))
  }
}, 120_000)
