import { expect, test } from 'vitest'
import { judgeHealth, type PushHealth } from './pushHealth.ts'

const well: PushHealth = { since_ms: 0, isOpen: true, isLive: true, heard_ms: 10_000, asked_ms: undefined, hasMedia: true }

test('a socket on which media comes is fine', () => {
  expect(judgeHealth(well, 11_000)).toBe('fine')
})

test('one that is quiet is asked, and given up when it does not answer', () => {
  expect(judgeHealth(well, 12_001)).toBe('ask')
  expect(judgeHealth({ ...well, asked_ms: 12_001 }, 15_000)).toBe('fine')
  expect(judgeHealth({ ...well, asked_ms: 12_001 }, 15_002)).toMatchObject({ givenUp: 'the socket is silent' })
})

test('an answer is enough: a publisher may be away for long', () => {
  expect(judgeHealth({ ...well, isLive: false, heard_ms: 60_000, asked_ms: 59_900 }, 60_100)).toBe('fine')
})

test('one that does not open is given up, as behind proxies that know no sockets', () => {
  expect(judgeHealth({ ...well, isOpen: false }, 4_000)).toBe('fine')
  expect(judgeHealth({ ...well, isOpen: false }, 4_001)).toMatchObject({ givenUp: 'the socket does not open' })
})

test('a live stream of which nothing comes is given up, one that waits for its publisher is not', () => {
  expect(judgeHealth({ ...well, hasMedia: false, heard_ms: 5_000 }, 5_001)).toMatchObject({ givenUp: 'no media comes' })
  expect(judgeHealth({ ...well, hasMedia: false, isLive: false, heard_ms: 5_000 }, 5_001)).toBe('fine')
})
