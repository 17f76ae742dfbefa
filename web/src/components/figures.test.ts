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
  expect(formatLength(seconds * 1_000)).toBe(text)
})
