import { expect, test } from 'vitest'
import { isStallForgotten, jumpAtStart_s, nextRate } from './rateControl.ts'

const target_s = 0.8

test('catches up when it is clearly behind and has something to catch up with', () => {
  expect(nextRate(1, { latency_s: 1, target_s, buffer_s: 0.4 })).toBe(1.1)
})

test('does not catch up on an almost empty buffer', () => {
  expect(nextRate(1, { latency_s: 3, target_s, buffer_s: 0.3 })).toBe(1)
})

test('does not begin for a little, but goes on until it is all but there', () => {
  const little = { latency_s: 0.9, target_s, buffer_s: 0.6 }
  expect(nextRate(1, little)).toBe(1)
  expect(nextRate(1.1, little)).toBe(1.1)
  expect(nextRate(1.1, { ...little, latency_s: 0.82 })).toBe(1)
})

test('stops catching up before the buffer runs dry', () => {
  expect(nextRate(1.1, { latency_s: 2, target_s, buffer_s: 0.1 })).toBe(1)
})

test('changes its rate at most twice while it comes from two seconds behind, with a noisy measurement', () => {
  let [rate, latency_s, changes]: [1 | 1.1, number, number] = [1, 2.8, 0]
  for (let tick = 0; tick < 300; tick++) {
    const next = nextRate(rate, { latency_s: latency_s + (tick % 3) * 0.02, target_s, buffer_s: 0.6 })
    if (next !== rate) changes++
    rate = next
    latency_s -= (rate - 1) * 0.1
  }
  expect(latency_s).toBeLessThan(target_s + 0.05)
  expect(changes).toBe(2)
})

test('jumps at its start by what opening took, when that much is downloaded', () => {
  expect(jumpAtStart_s({ latency_s: 2, target_s, buffer_s: 1.6 })).toBeCloseTo(1.2)
  expect(jumpAtStart_s({ latency_s: 2, target_s, buffer_s: 1.4 })).toBe(0)
})

test('does not jump for a little', () => {
  expect(jumpAtStart_s({ latency_s: 1, target_s, buffer_s: 0.8 })).toBe(0)
})

test('forgets a stall after twenty seconds without another', () => {
  expect(isStallForgotten(5_000, 24_999)).toBe(false)
  expect(isStallForgotten(5_000, 25_000)).toBe(true)
})
