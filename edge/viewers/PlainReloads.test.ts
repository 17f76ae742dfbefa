import { expect, it } from 'vitest'
import { PlainReloads } from './PlainReloads.ts'

it('a viewer that begins asks for several playlists at once, and has not come back with them', () => {
  const reloads = new PlainReloads(10)
  expect([0, 40, 300, 900].map((at_ms) => reloads.asks('ann', at_ms))).toEqual([false, false, false, false])
})

it('a viewer comes back within a target duration and a half, and is somebody new after that', () => {
  const reloads = new PlainReloads(10)
  expect([0, 6_000, 12_000, 30_000].map((at_ms) => reloads.asks('ann', at_ms))).toEqual([false, true, true, false])
  expect(reloads.asks('ben', 30_001)).toBe(false)
})

it('the oldest of too many are forgotten', () => {
  const reloads = new PlainReloads(2)
  for (const key of ['ann', 'ben', 'cleo']) reloads.asks(key, 0)
  expect(['ann', 'ben', 'cleo'].map((key) => reloads.asks(key, 2_000))).toEqual([false, false, false])
  expect(reloads.asks('cleo', 4_000)).toBe(true)
})
