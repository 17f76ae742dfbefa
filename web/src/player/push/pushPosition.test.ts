import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aheadOf, beyondHole, isResting, joinAt, type PushView, type Range, starvedTrack, trimBefore } from './pushPosition.ts'

const view = (position_s: number, ranges: ReadonlyArray<readonly [number, number]>, more: Partial<PushView> = {}): PushView => ({
  position_s,
  isPaused: false,
  isSeeking: false,
  ranges: ranges.map(([start_s, end_s]) => ({ start_s, end_s })),
  ends_s: {},
  ...more,
})

test('whoever joins begins close behind the newest, but not before what has come', () => {
  expect(joinAt(view(0, [[10, 15]]), 0.1)).toBeCloseTo(14.9)
  expect(joinAt(view(0, [[10, 10.05]]), 0.1)).toBeCloseTo(10)
  expect(joinAt(view(0, [[10, 15], [20, 20.05]]), 0.1)).toBeCloseTo(20)
  expect(joinAt(view(0, []), 0.1)).toBeUndefined()
})

test('a hole is leapt over once the picture stands before it, not earlier, and not while it stands still', () => {
  const ranges = [[10, 12], [14, 15]] as const
  expect(beyondHole(view(11.5, ranges))).toBeUndefined()
  expect(beyondHole(view(11.9, ranges))).toBeCloseTo(14)
  expect(beyondHole(view(13, ranges))).toBeCloseTo(14)
  expect(beyondHole(view(11.9, ranges, { isPaused: true }))).toBeUndefined()
  expect(beyondHole(view(11.9, [[10, 12]]))).toBeUndefined()
  expect(beyondHole(view(14.99, ranges))).toBeUndefined()
})

test('a seek so close to a hole that it is never done goes on behind the hole; one that has enough before it is waited for', () => {
  const ranges = [[10, 12], [14, 15]] as const
  expect(beyondHole(view(11.94, ranges, { isSeeking: true }))).toBeCloseTo(14)
  expect(beyondHole(view(11.5, ranges, { isSeeking: true }))).toBeUndefined()
  expect(beyondHole(view(14.001, ranges, { isSeeking: true }))).toBeUndefined()
})

test('a picture that is before everything that came, as after a reconnection, goes to it', () => {
  expect(beyondHole(view(2, [[30, 31]]))).toBeCloseTo(30)
})

test('what is ahead ends at a hole', () => {
  expect(aheadOf(view(11, [[10, 12], [14, 15]]))).toBeCloseTo(1)
  expect(aheadOf(view(13, [[10, 12], [14, 15]]))).toBe(0)
})

test('ten seconds are kept behind the picture, also while it stands still', () => {
  expect(trimBefore(view(22, [[10, 23]]))).toBeUndefined()
  expect(trimBefore(view(24, [[10, 25]]))).toBe(14)
  expect(trimBefore(view(24, [[10, 25]], { isPaused: true }))).toBe(14)
})

test('a picture that stands still for long lets fetching stop, one that plays never does', () => {
  expect(isResting(view(10, [[10, 31]], { isPaused: true }))).toBe(true)
  expect(isResting(view(10, [[10, 29]], { isPaused: true }))).toBe(false)
  expect(isResting(view(10, [[10, 31]]))).toBe(false)
})

test('a track that has nothing more while the other goes on holds the picture up', () => {
  expect(starvedTrack(view(10, [[5, 10]], { ends_s: { video: 12, audio: 10.1 } }))).toBe('audio')
  expect(starvedTrack(view(10, [[5, 10]], { ends_s: { video: 10.1, audio: 12 } }))).toBe('video')
  expect(starvedTrack(view(10, [[5, 10]], { ends_s: { video: 10.2, audio: 10.1 } }))).toBeUndefined()
  expect(starvedTrack(view(10, [[5, 10]], { ends_s: { video: 12 } }))).toBeUndefined()
})

const someRanges: fc.Arbitrary<ReadonlyArray<Range>> = fc
  .array(fc.tuple(fc.double({ min: 0.1, max: 5, noNaN: true }), fc.double({ min: 0.1, max: 5, noNaN: true })), { maxLength: 6 })
  .map((steps) => {
    let at = 0
    return steps.map(([hole, length]) => {
      const start_s = at + hole
      at = start_s + length
      return { start_s, end_s: at }
    })
  })

test('a leap over a hole always leads forward, into something that is buffered', () => {
  fc.assert(
    fc.property(someRanges, fc.double({ min: 0, max: 40, noNaN: true }), (ranges, position_s) => {
      const to_s = beyondHole({ ...view(position_s, []), ranges })
      if (to_s === undefined) return
      expect(to_s).toBeGreaterThan(position_s)
      expect(ranges.some(({ start_s, end_s }) => to_s >= start_s && to_s <= end_s)).toBe(true)
    }),
  )
})
