import { expect, test } from 'vitest'
import { formatCount, formatLength, viewersInWords } from './figures.ts'

test.each([[0, '0'], [7, '7'], [999, '999'], [12_345, '12.3K'], [2_000_000, '2M']])('%d people are shown as %s', (count, text) => {
  expect(formatCount(count)).toBe(text)
})

test('one viewer is one', () => {
  expect([0, 1, 1_200].map(viewersInWords)).toEqual(['0 viewers', '1 viewer', '1200 viewers'])
})

test.each([
  [0, '1 s'],
  [45, '45 s'],
  [62, '1 min'],
  [3_600, '1 h'],
  [3_900, '1 h 5 min'],
  [90_000, '25 h'],
])('%d seconds are told as %s', (seconds, text) => {
  const from_ms = Date.parse('2026-01-02T03:04:05Z')
  expect(formatLength(new Date(from_ms).toISOString(), new Date(from_ms + seconds * 1_000).toISOString())).toBe(text)
})

test('what has not ended, or ended before it began, has no length', () => {
  expect(formatLength('2026-01-02T03:04:05Z', '')).toBe('')
  expect(formatLength('2026-01-02T03:04:05Z', '2026-01-02T03:04:00Z')).toBe('')
})
