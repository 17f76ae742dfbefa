import { describe, expect, test } from 'vitest'
import { flatness } from './flatness.ts'

describe('what should stay as it is', () => {
  test('is flat while it only moves up and down', () => {
    expect(flatness([0, 50, 100, 90, 110, 95, 105, 100], 2, 1)).toMatchObject({ settled: 100, max: 110, last: 100, flat: true })
  })

  test('is not flat when it drifts, however slowly', () => {
    const { flat, slope } = flatness(Array.from({ length: 50 }, (_, minute) => 100 + minute), 0, 1)
    expect(slope).toBeCloseTo(1)
    expect(flat).toBe(false)
  })

  test('is not flat when it peaks once', () => {
    expect(flatness([100, 100, 200, 100, 100, 100, 100], 0, 1).flat).toBe(false)
  })

  test('may grow by what counts as nothing', () => {
    expect(flatness([0, 0, 1, 1], 0, 2).flat).toBe(true)
  })
})
