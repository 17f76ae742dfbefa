/**
 * Which way a stream is played: fragments pushed over a socket, HLS by hls.js, or HLS by the browser. One that fails is
 * left for another and tried again later, the later the more often it failed. Pure.
 */

/** A way of playing. */
export type Path = 'push' | 'hls' | 'native'

/** What a viewer cares for more. */
export type Preference = 'lowestDelay' | 'smoothest'

interface Failing {
  /** Failures in a row, each in another stretch of good playing. */
  readonly failures: number
  readonly until_ms: number
  /** The stretch in which it failed last. */
  readonly stretch: number
}

/** What is remembered of all ways. */
export interface Paths {
  readonly failing: Readonly<Partial<Record<Path, Failing>>>
  /** Stretches of good playing so far: while none lies between two failures, it is the network that fails, not the way. */
  readonly stretch: number
}

/** What is to be played, and where. */
export interface Wish {
  readonly isLive: boolean
  /** Somebody has gone back in a live stream; only HLS holds that. */
  readonly isBehind: boolean
  readonly preference: Preference
  readonly able: ReadonlySet<Path>
}

const firstPause_ms = 20_000
/** The longest time for which a way that failed is left alone. */
export const longestPause_ms = 600_000

/** Nothing has failed yet. */
export const freshPaths: Paths = { failing: {}, stretch: 0 }

const orders: Readonly<Record<Preference, ReadonlyArray<Path>>> = { lowestDelay: ['push', 'hls', 'native'], smoothest: ['hls', 'native', 'push'] }

const candidates = ({ isLive, isBehind, preference, able }: Wish): ReadonlyArray<Path> =>
  orders[preference].filter((path) => able.has(path) && (path !== 'push' || (isLive && !isBehind)))

const until = ({ failing }: Paths, path: Path): number => failing[path]?.until_ms ?? 0

/** The way to take now: the best that does not fail, or else the one that may be tried again first. `undefined`: there is none. */
export const choosePath = (paths: Paths, wish: Wish, now_ms: number): Path | undefined => {
  const possible = candidates(wish)
  return possible.find((path) => until(paths, path) <= now_ms) ?? [...possible].sort((one, other) => until(paths, one) - until(paths, other))[0]
}

/** Whether a way failed so lately that it is taken only for want of a better one. */
export const isFailing = (paths: Paths, path: Path, now_ms: number): boolean => until(paths, path) > now_ms

/** A way has failed, or was found to fail still. */
export const pathFailed = (paths: Paths, path: Path, now_ms: number): Paths => {
  const before = paths.failing[path]
  const failures = before === undefined ? 1 : before.failures + (before.stretch === paths.stretch ? 0 : 1)
  const until_ms = now_ms + Math.min(longestPause_ms, firstPause_ms * 2 ** Math.min(failures - 1, 10))
  return { ...paths, failing: { ...paths.failing, [path]: { failures, until_ms, stretch: paths.stretch } } }
}

/** A way has played well for a while. */
export const pathPlayedWell = (paths: Paths, path: Path): Paths => {
  const { [path]: _forgiven, ...failing } = paths.failing
  return { failing, stretch: paths.stretch + 1 }
}

/** A better way than the one taken, which may be tried again by now. */
export const betterPath = (paths: Paths, wish: Wish, current: Path, now_ms: number): Path | undefined => {
  const best = choosePath(paths, wish, now_ms)
  return best !== current && best !== undefined && candidates(wish).indexOf(best) < candidates(wish).indexOf(current) ? best : undefined
}
