import { expect, test } from 'vitest'
import { delayOf, goTo, isAtLiveEdge, windowOf } from './liveEdge.ts'

test('a picture is as old as its clock says, where that can be', () => {
  expect(delayOf({ shownAt_ms: 9_600, latency_s: 0.2 }, 10_000)).toBeCloseTo(0.4)
})

test('a clock that is ahead of the server’s, or far from it, is not believed', () => {
  expect(delayOf({ shownAt_ms: 11_000, latency_s: 0.2 }, 10_000)).toBe(0.2)
  expect(delayOf({ shownAt_ms: 9_900, latency_s: 0.8 }, 10_000)).toBe(0.8)
  expect(delayOf({ shownAt_ms: 0, latency_s: 0.2 }, 1e9)).toBe(0.2)
  expect(delayOf({ shownAt_ms: undefined, latency_s: undefined }, 10_000)).toBeUndefined()
})

test('the bar reaches to the newest picture, also where only the playlist tells how far back it goes', () => {
  const listed = { start_ms: 1_000, end_ms: 5_000 }
  expect(windowOf({ window: undefined, shownAt_ms: 9_000, latency_s: 0.5 }, listed)).toEqual({ start_ms: 1_000, end_ms: 9_500 })
  expect(windowOf({ window: { start_ms: 2, end_ms: 3 }, shownAt_ms: 9_000, latency_s: 0.5 }, listed)).toEqual({ start_ms: 2, end_ms: 3 })
  expect(windowOf({ window: undefined, shownAt_ms: undefined, latency_s: undefined }, listed)).toBeUndefined()
})

test('going close to the end of the bar is going live, and nothing lies before its beginning', () => {
  const window = { start_ms: 10_000, end_ms: 70_000 }
  expect(goTo(68_000, window)).toBe('live')
  expect(goTo(50_000, window)).toBe(50_000)
  expect(goTo(0, window)).toBe(10_000)
})

test('a picture is at the edge until it is clearly further behind than it should be', () => {
  expect(isAtLiveEdge({ latency_s: undefined, target_s: undefined })).toBe(true)
  expect(isAtLiveEdge({ latency_s: 1.6, target_s: 0.15 })).toBe(true)
  expect(isAtLiveEdge({ latency_s: 1.7, target_s: 0.15 })).toBe(false)
})
