import { expect, test } from 'vitest'
import { countFrames } from './frameCount.ts'

test('finds nothing wrong with every frame once and in order', () => {
  expect(countFrames([5, 6, 7])).toEqual({ seen: 3, missing: [], missingFrames: 0, repeated: 0, outOfOrder: 0, unreadable: 0 })
})

test('names the runs that never came, also at the ends of what was expected', () => {
  expect(countFrames([2, 3, 6], [0, 9])).toMatchObject({ missing: [[0, 1], [4, 5], [7, 9]], missingFrames: 7 })
})

test('tells a repeated frame from one that came late', () => {
  expect(countFrames([1, 2, 2, 4, 3, undefined])).toMatchObject({ seen: 4, repeated: 1, outOfOrder: 1, unreadable: 1, missing: [] })
})

test('counts nothing as missing where nothing came and nothing was expected', () => {
  expect(countFrames([])).toMatchObject({ seen: 0, missingFrames: 0 })
})
