import fc from 'fast-check'
import { expect, it } from 'vitest'
import { purgeBefore } from './trim.ts'

it('trims up to the neediest writer, never behind the last sequence, and nothing where one needs all', () => {
  fc.assert(fc.property(fc.nat(1_000), fc.array(fc.option(fc.integer({ min: 1, max: 1_200 }), { nil: undefined }), { maxLength: 8 }), (last, floors) => {
    const before = purgeBefore(last, floors)
    if (floors.includes(undefined)) return void expect(before).toBeUndefined()
    for (const floor of floors) expect(before ?? 1).toBeLessThanOrEqual(floor ?? 0)
    expect(before ?? 1).toBe(Math.max(1, Math.min(last + 1, ...floors.map((floor) => floor ?? 0))))
  }))
})
