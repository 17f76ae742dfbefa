import { expect, test } from 'vitest'
import { chunkTimes, unitTimes } from './hopTimes.ts'

test('a frame is timed from the batch that it left with to the batch that it came with', () => {
  const left = [{ count: 2, at_ms: 100 }, { count: 3, at_ms: 130 }]
  const arrived = [{ count: 1, at_ms: 104 }, { count: 3, at_ms: 135 }]
  expect(unitTimes(left, arrived, 0)).toEqual([4, 35, 5])
})

test('frames of the warm-up, and those that have not come, are not timed', () => {
  const left = [{ count: 1, at_ms: 100 }, { count: 2, at_ms: 130 }, { count: 3, at_ms: 160 }]
  expect(unitTimes(left, [{ count: 2, at_ms: 136 }], 120)).toEqual([6])
})

test('a chunk is timed to the last byte that it completes, not to the half block that waits for the next chunk', () => {
  const sent = [{ count: 100, at_ms: 0 }, { count: 200, at_ms: 100 }]
  const taken = [{ count: 40, at_ms: 2 }, { count: 90, at_ms: 3 }, { count: 150, at_ms: 104 }, { count: 200, at_ms: 105 }]
  expect(chunkTimes(sent, taken, 0)).toEqual([3, 5])
})

test('a chunk that completes nothing is not timed', () => {
  const sent = [{ count: 100, at_ms: 0 }, { count: 200, at_ms: 100 }]
  expect(chunkTimes(sent, [{ count: 180, at_ms: 103 }], 0)).toEqual([3])
})
