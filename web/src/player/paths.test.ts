import fc from 'fast-check'
import { expect, test } from 'vitest'
import { betterPath, choosePath, freshPaths, isFailing, longestPause_ms, type Path, pathFailed, pathPlayedWell, type Paths, type Wish } from './paths.ts'

const everywhere: ReadonlySet<Path> = new Set(['push', 'hls'])
const live: Wish = { isLive: true, isBehind: false, preference: 'lowestDelay', able: everywhere }

test('a live stream is pushed where that can be played, else it is HLS, by hls.js or by the browser', () => {
  expect(choosePath(freshPaths, live, 0)).toBe('push')
  expect(choosePath(freshPaths, { ...live, able: new Set(['hls']) }, 0)).toBe('hls')
  expect(choosePath(freshPaths, { ...live, able: new Set(['native']) }, 0)).toBe('native')
  expect(choosePath(freshPaths, { ...live, able: new Set() }, 0)).toBeUndefined()
})

test('recordings, and what lies behind the live edge, are HLS', () => {
  expect(choosePath(freshPaths, { ...live, isLive: false }, 0)).toBe('hls')
  expect(choosePath(freshPaths, { ...live, isBehind: true }, 0)).toBe('hls')
  expect(choosePath(freshPaths, { ...live, isBehind: true, able: new Set(['push']) }, 0)).toBeUndefined()
})

test('whoever wants a smooth picture gets HLS, and is pushed to only when that fails', () => {
  const smooth: Wish = { ...live, preference: 'smoothest' }
  expect(choosePath(freshPaths, smooth, 0)).toBe('hls')
  expect(choosePath(pathFailed(freshPaths, 'hls', 0), smooth, 0)).toBe('push')
})

test('a way that fails is left for the other, and taken up again after a while', () => {
  const failed = pathFailed(freshPaths, 'push', 0)
  expect(choosePath(failed, live, 19_999)).toBe('hls')
  expect(betterPath(failed, live, 'hls', 19_999)).toBeUndefined()
  expect(betterPath(failed, live, 'hls', 20_000)).toBe('push')
})

test('a way that failed is failing until its pause is over, so that two broken ways do not take turns in no time', () => {
  const failed = pathFailed(freshPaths, 'push', 0)
  expect([isFailing(failed, 'push', 19_999), isFailing(failed, 'push', 20_000), isFailing(failed, 'hls', 0)]).toEqual([true, false, false])
})

test('a worse way is never taken from a better one that plays', () => {
  expect(betterPath(pathFailed(freshPaths, 'hls', 0), live, 'push', 60_000)).toBeUndefined()
})

const failAgain = (paths: Paths, now_ms: number): Paths => pathFailed(pathPlayedWell(paths, 'hls'), 'push', now_ms)
const pauseOf = ({ failing }: Paths, now_ms: number): number => (failing.push?.until_ms ?? 0) - now_ms

test('a way that fails again and again while the other plays is left alone for longer each time, within bounds', () => {
  let paths = freshPaths
  const pauses = Array.from({ length: 8 }, () => pauseOf((paths = failAgain(paths, 0)), 0))
  expect(pauses.slice(0, 4)).toEqual([20_000, 40_000, 80_000, 160_000])
  expect(Math.max(...pauses)).toBe(longestPause_ms)
})

test('an outage in which everything fails is held against no way', () => {
  let paths = freshPaths
  for (let n = 0; n < 10; n++) paths = pathFailed(pathFailed(paths, 'push', n), 'hls', n)
  expect(pauseOf(paths, 9)).toBe(20_000)
})

test('a way that played well has never failed', () => {
  expect(choosePath(pathPlayedWell(pathFailed(freshPaths, 'push', 0), 'push'), live, 1)).toBe('push')
})

test('there is always a way where the browser has one, whatever has failed', () => {
  const event = fc.record({ path: fc.constantFrom<Path>('push', 'hls', 'native'), played: fc.boolean(), at_ms: fc.nat(100_000) })
  fc.assert(
    fc.property(fc.array(event), fc.nat(200_000), fc.boolean(), (events, now_ms, isBehind) => {
      const paths = events.reduce((now, { path, played, at_ms }) => (played ? pathPlayedWell(now, path) : pathFailed(now, path, at_ms)), freshPaths)
      expect(choosePath(paths, { ...live, isBehind }, now_ms)).toBeDefined()
    }),
  )
})
