import { expect, test } from 'vitest'
import { fall, levelOf } from './level.ts'

test('silence is nothing, full scale is all, and half of it in dB is half', () => {
  expect(levelOf(new Float32Array(8))).toBe(0)
  expect(levelOf(new Float32Array())).toBe(0)
  expect(levelOf(new Float32Array(8).fill(1))).toBe(1)
  expect(levelOf(new Float32Array(8).fill(10 ** (-30 / 20)))).toBeCloseTo(0.5)
})

test('a meter rises at once and falls slowly', () => {
  expect(fall(0.2, 0.9)).toBe(0.9)
  expect(fall(0.9, 0)).toBeCloseTo(0.84)
})
