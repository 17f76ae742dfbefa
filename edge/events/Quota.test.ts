import { expect, it } from 'vitest'
import { Quota } from './Quota.ts'

it('allows so much a second for each key', () => {
  const quota = new Quota(2)
  const at = (now_ms: number) => ['garden', 'garden', 'garden', 'street'].map((key) => quota.allows(key, now_ms))
  expect(at(0)).toEqual([true, true, false, true])
  expect(quota.allows('garden', 999)).toBe(false)
  expect(at(1_000)).toEqual([true, true, false, true])
})
