import { expect, test } from 'vitest'
import { type Seen, summarize } from './playbackSummary.ts'
import { median, quantile } from './quantile.ts'

const seen = (pictures: ReadonlyArray<readonly [shown_ms: number, taken_ms: number, frame: number]>, more: Partial<Seen> = {}): Seen => ({
  pictures: pictures.map(([shown_ms, taken_ms, frame]) => ({ shown_ms, taken_ms, frame })),
  unreadable: 0,
  notes: [],
  opened_ms: 0,
  closed_ms: (pictures.at(-1)?.[0] ?? 0) + 10,
  warmup_ms: 0,
  ...more,
})

test('latency runs from the picture’s clock to its presentation, without the warm-up', () => {
  const summary = summarize(seen([[1000, 0, 1], [2000, 1900, 2], [2100, 1800, 3], [2200, 2000, 4]], { warmup_ms: 900 }))
  expect(summary).toMatchObject({ firstPicture_ms: 1000, latency_p50_ms: 200, latency_p95_ms: 300 })
})

test('a gap is a freeze, also one that lasts to the end', () => {
  expect(summarize(seen([[0, 0, 1], [100, 0, 2], [700, 0, 3]], { closed_ms: 2700 })).freezes_ms).toEqual([600, 2000])
})

test('skipped frames and steps back are counted', () => {
  expect(summarize(seen([[0, 0, 5], [1, 0, 9], [2, 0, 8], [3, 0, 10]]))).toMatchObject({ notShown: 2, backwards: 1, firstFrame: 5, lastFrame: 10 })
})

test('nothing shown gives no figures and no freeze', () => {
  expect(summarize(seen([]))).toMatchObject({ pictures: 0, latency_p50_ms: undefined, freezes_ms: [], notShown: 0 })
})

test('quantiles are values that occurred', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(quantile([1, 2, 3, 4], 0.95)).toBe(4)
  expect(quantile([], 0.5)).toBeUndefined()
})
