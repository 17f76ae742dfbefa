import fc from 'fast-check'
import { expect, test } from 'vitest'
import { markTime, type PictureClock, stoppedClock, timeAt } from './pictureClock.ts'

const filmed = (from_s: number, to_s: number, began_ms: number, clock: PictureClock = stoppedClock): PictureClock => {
  let now = clock
  for (let frame = Math.round(from_s * 30); frame < to_s * 30; frame++) now = markTime(now, frame / 30, began_ms + (frame / 30 - from_s) * 1000)
  return now
}

test('a picture tells when it was filmed', () => {
  expect(timeAt(filmed(10, 14, 1_000_000), 12.5)).toBeCloseTo(1_002_500, 0)
  expect(timeAt(filmed(10, 14, 1_000_000), 9)).toBeUndefined()
  expect(timeAt(stoppedClock, 9)).toBeUndefined()
})

test('behind a discontinuity the wall clock has gone on, the timeline has not', () => {
  const clock = filmed(12, 14, 1_600_000, filmed(10, 12, 1_000_000))
  expect(timeAt(clock, 11)).toBeCloseTo(1_001_000, 0)
  expect(timeAt(clock, 13)).toBeCloseTo(1_601_000, 0)
})

test('a viewer who joins again on the same timeline has one clock', () => {
  expect(timeAt(filmed(11, 13, 1_001_000, filmed(10, 12, 1_000_000)), 11.5)).toBeCloseTo(1_001_500, 0)
})

test('hours of a stream keep a bounded number of marks, whatever its dates', () => {
  const fragments = fc.array(fc.record({ media_s: fc.double({ min: 0, max: 1e5, noNaN: true }), at_ms: fc.double({ min: 0, max: 2e12, noNaN: true }) }), { maxLength: 600 })
  fc.assert(
    fc.property(fragments, (all) => {
      const { marks } = all.reduce((clock, { media_s, at_ms }) => markTime(clock, media_s, at_ms), stoppedClock)
      expect(marks.length).toBeLessThanOrEqual(240)
      expect(marks.every((mark, index) => index === 0 || mark.media_s > (marks[index - 1]?.media_s ?? 0))).toBe(true)
    }),
    { numRuns: 40 },
  )
})
