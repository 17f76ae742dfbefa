import { expect, test } from 'vitest'
import { formatAgo, formatPosition } from './formatTime.ts'

test.each([[0, '0:00'], [65.9, '1:05'], [3661, '1:01:01'], [-1, '0:00']])('%d seconds read %s', (seconds, text) => {
  expect(formatPosition(seconds)).toBe(text)
})

test('the past is told in the biggest unit that fits', () => {
  const now_ms = Date.parse('2026-01-02T12:00:00Z')
  expect(formatAgo('2026-01-02T11:59:40Z', now_ms)).toBe('just now')
  expect(formatAgo('2026-01-02T11:47:10Z', now_ms)).toBe('12 minutes ago')
  expect(formatAgo('2026-01-01T11:00:00Z', now_ms)).toBe('yesterday')
  expect(formatAgo('', now_ms)).toBe('')
})
