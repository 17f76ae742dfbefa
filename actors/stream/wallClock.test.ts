import { expect, it } from 'vitest'
import { anchorAt, type Arrival, followArrival, hasPaused } from './wallClock.ts'

const anchor = { wall_ms: 1_000_000, ticks: 900_000 }
const later = (ms: number): number => anchor.ticks + ms * 90

it('the clock runs on over jerks and never goes back, and is set anew where it has fallen behind', () => {
  expect(anchorAt(undefined, 90, 5)).toEqual({ wall_ms: 5, ticks: 90 })
  expect(anchorAt(anchor, later(2_000), anchor.wall_ms + 2_900)).toBe(anchor)
  expect(anchorAt(anchor, later(2_000), anchor.wall_ms)).toBe(anchor)
  expect(anchorAt(anchor, later(2_000), anchor.wall_ms + 5_000)).toEqual({ wall_ms: anchor.wall_ms + 5_000, ticks: later(2_000) })
})

/** Frames every 100 ms of wall clock, late as `lags` say. */
const follow = (lags: ReadonlyArray<number>): { readonly arrival: Arrival | undefined; readonly now_ms: number } => {
  let arrival: Arrival | undefined
  lags.forEach((lag_ms, i) => (arrival = followArrival(arrival, lag_ms, i * 100, 600_000)))
  return { arrival, now_ms: (lags.length - 1) * 100 }
}
const paused = (lags: ReadonlyArray<number>): boolean => {
  const { arrival, now_ms } = follow(lags)
  return arrival !== undefined && hasPaused(arrival, now_ms)
}
const times = (count: number, lag_ms: number): ReadonlyArray<number> => Array.from({ length: count }, () => lag_ms)

it('frames that stay late by a leap tell of a pause, once they have stayed so', () => {
  expect(paused([...times(5, 0), ...times(5, 3_000)])).toBe(false)
  expect(paused([...times(5, 0), ...times(22, 3_000)])).toBe(true)
})

it('frames of long chunks, of which each comes less late than the one before, tell of a pause too', () => {
  const chunk = (received_ms: number, lag_ms: number): ReadonlyArray<readonly [number, number]> => Array.from({ length: 20 }, (_, i) => [received_ms, lag_ms - i * 50])
  const frames = [...chunk(0, 1_000), ...chunk(1_000, 1_010), ...chunk(6_000, 5_000), ...chunk(7_000, 5_020), ...chunk(8_000, 4_990)]
  let arrival: Arrival | undefined
  const found = frames.map(([received_ms, lag_ms]) => hasPaused((arrival = followArrival(arrival, lag_ms, received_ms, 600_000)), received_ms))
  expect(found.indexOf(true)).toBe(80)
})

it('a backlog that is sent after a break, jerks, and an uplink that falls behind bit by bit are none', () => {
  expect(paused([...times(5, 0), 3_000, 2_000, 1_200, 500, ...times(20, 100)])).toBe(false)
  for (const pace of [1.3, 2, 5]) {
    const lags = Array.from({ length: 200 }, (_, i) => Math.max(0, 15_000 - i * 100 * (pace - 1)))
    expect(lags.findIndex((_, i) => paused([...times(5, 0), ...lags.slice(0, i)]))).toBe(-1)
  }
  // Again and again no room for it.
  expect(paused([...times(5, 0), ...Array.from({ length: 40 }, (_, i) => 12_000 + (i % 8 < 4 ? 0 : 1_500))])).toBe(false)
  expect(paused([...times(5, 0), ...Array.from({ length: 30 }, (_, i) => (i % 3) * 300)])).toBe(false)
  expect(paused(Array.from({ length: 100 }, (_, i) => i * 100))).toBe(false)
})

it('a clock that is stepped, ahead or back, tells of no pause', () => {
  expect(paused([...times(5, 0), ...times(20, 3_600_000)])).toBe(false)
  expect(paused([...times(5, 3_600_000), ...times(20, -3_600_000)])).toBe(false)
  expect(paused([...times(5, -3_600_000), ...times(20, 0)])).toBe(false)
})
