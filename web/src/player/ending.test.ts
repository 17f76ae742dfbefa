import { expect, test } from 'vitest'
import { isOver } from './ending.ts'

test('a picture that stands still just before the end of what has ended is over', () => {
  expect(isOver({ rest_s: 0.2, still_ms: 1_500 })).toBe(true)
})

test('one that may still move, or has much before it, is not', () => {
  expect(isOver({ rest_s: 0.2, still_ms: 1_000 })).toBe(false)
  expect(isOver({ rest_s: 3, still_ms: 60_000 })).toBe(false)
})
