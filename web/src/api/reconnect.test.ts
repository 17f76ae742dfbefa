import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFinalCode, isSilent, longestPause_ms, nextAttempt } from './reconnect.ts'

const lost = { code: 1006, openFor_ms: undefined }

test('pauses grow from failure to failure', () => {
  const pauses: Array<number> = []
  for (let failures = 0; failures < 8; ) {
    const next = nextAttempt(failures, lost, 1)
    pauses.push(next.pause_ms)
    failures = next.failures
  }
  expect(pauses).toEqual([300, 600, 1_200, 2_400, 4_800, 9_600, 10_000, 10_000])
})

test('a pause is never longer than the longest, nor less than half of what it may be, whatever happened', () => {
  const anything = fc.record({ failures: fc.nat(10_000), code: fc.integer({ min: 1002, max: 4999 }), random: fc.double({ min: 0, max: 1, noNaN: true }) })
  fc.assert(
    fc.property(anything, ({ failures, code, random }) => {
      const { pause_ms } = nextAttempt(failures, { code, openFor_ms: undefined }, random)
      const most_ms = nextAttempt(failures, { code, openFor_ms: undefined }, 1).pause_ms
      expect(pause_ms).toBeLessThanOrEqual(longestPause_ms)
      expect(pause_ms).toBeGreaterThanOrEqual(most_ms / 2)
    }),
  )
})

test('an edge that goes away is left at once, but not for ever at once', () => {
  expect(nextAttempt(0, { code: 1001, openFor_ms: 60_000 }, 0).pause_ms).toBe(0)
  expect(nextAttempt(1, { code: 1001, openFor_ms: 10 }, 0).pause_ms).toBeGreaterThan(0)
})

test('whoever is to try later leaves the edge alone for longer', () => {
  expect(nextAttempt(0, { code: 1013, openFor_ms: 5 }, 0).pause_ms).toBeGreaterThan(nextAttempt(0, lost, 1).pause_ms)
})

test('a connection that lasted forgives what failed before it', () => {
  expect(nextAttempt(6, { code: 1006, openFor_ms: 5_000 }, 1)).toEqual({ failures: 1, pause_ms: 300 })
  expect(nextAttempt(6, { code: 1006, openFor_ms: 4_999 }, 1).failures).toBe(7)
})

test('an end and a refusal are final, a lost or a full edge is not', () => {
  expect([1000, 4400, 4403, 4404, 4409].map(isFinalCode)).toEqual([true, true, true, true, true])
  expect([1001, 1006, 1009, 1011, 1013, 4500].map(isFinalCode)).toEqual([false, false, false, false, false, false])
})

test('a connection is silent when nothing came after what was asked', () => {
  expect(isSilent(undefined, 0)).toBe(false)
  expect(isSilent(100, 99)).toBe(true)
  expect(isSilent(100, 100)).toBe(false)
})
