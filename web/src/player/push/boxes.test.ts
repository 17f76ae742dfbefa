import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTimeOf, timescaleOf } from './boxes.ts'
import { fragmentAt, initOf } from './testing/segments.ts'

test('where a fragment begins is read, in the short form and in the long one', () => {
  expect(decodeTimeOf(fragmentAt(900_000))).toBe(900_000)
  expect(decodeTimeOf(fragmentAt(2 ** 40, 1))).toBe(2 ** 40)
})

test('ticks per second are read from an init segment', () => {
  expect(timescaleOf(initOf(90_000))).toBe(90_000)
})

test('bytes that are neither, or cut short anywhere, give nothing and never more than they hold', () => {
  const [init, fragment] = [initOf(48_000), fragmentAt(1_024, 1)]
  for (let length = 0; length < fragment.length; length++) expect(decodeTimeOf(fragment.subarray(0, length))).toBeUndefined()
  for (let length = 0; length < init.length; length++) expect(timescaleOf(init.subarray(0, length))).toBeUndefined()
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void (decodeTimeOf(bytes), timescaleOf(bytes))))
})
