import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dateAt, positionAt } from './hlsTimeline.ts'

/** Two segments, and one behind a hole of ten minutes in wall-clock time. */
const segments = [
  { start: 100, duration: 2, programDateTime: 1_000_000 },
  { start: 102, duration: 2, programDateTime: 1_002_000 },
  { start: 104, duration: 2, programDateTime: 1_604_000 },
]

test('a wall-clock time is found where it was filmed', () => {
  expect(positionAt(segments, 1_003_500)).toBeCloseTo(103.5)
  expect(positionAt(segments, 1_604_500)).toBeCloseTo(104.5)
})

test('a time at which nothing was filmed is where the picture goes on, one before the window its beginning', () => {
  expect(positionAt(segments, 1_300_000)).toBeCloseTo(104)
  expect(positionAt(segments, 5)).toBeCloseTo(100.05)
})

test('without dates there is no place', () => {
  expect(positionAt([], 1)).toBeUndefined()
  expect(positionAt([{ start: 0, duration: 2, programDateTime: null }], 1)).toBeUndefined()
  expect(dateAt([], 1)).toBeUndefined()
})

test('each place in the window is found again by its date', () => {
  fc.assert(
    fc.property(fc.double({ min: 100.1, max: 105.9, noNaN: true }), (position_s) => {
      const at_ms = dateAt(segments, position_s)
      expect(at_ms).toBeDefined()
      expect(Math.abs((positionAt(segments, at_ms ?? 0) ?? 0) - position_s)).toBeLessThan(0.06)
    }),
  )
})
