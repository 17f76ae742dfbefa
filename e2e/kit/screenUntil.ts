/** A viewer with a screen who stays until a picture was shown. */
import type { Browser } from 'playwright-core'
import { type Screening, screen } from './chromium.ts'
import type { PlaybackSummary } from './playbackSummary.ts'

/** A viewer who is watching. */
export interface WatchingViewer {
  /** Resolves with the first picture; rejects when none comes. */
  readonly begun: Promise<void>
  /** Leaves once a picture later than `frame` was shown, or after the longest time. */
  readonly until: (frame: number) => Promise<PlaybackSummary>
}

/** Plays on a page of its own for at most `longest_ms` from the first picture on. */
export const screenUntil = (browser: Browser, page: Screening['page'], longest_ms: number): WatchingViewer => {
  const leave = new AbortController()
  const first = Promise.withResolvers<void>()
  let newest = -1
  let wanted = Number.POSITIVE_INFINITY
  const look = (): void => {
    if (newest > wanted) leave.abort()
  }
  const playing = screen(browser, {
    page,
    for_ms: longest_ms,
    warmup_ms: 0,
    signal: leave.signal,
    onProgress: (pictures) => {
      if (pictures.length > 0) first.resolve()
      newest = Math.max(newest, ...pictures.map(({ frame }) => frame))
      look()
    },
  })
  playing.then(() => first.reject(new Error('no picture was shown')), first.reject)
  return {
    begun: first.promise,
    until: (frame) => {
      wanted = frame
      look()
      return playing
    },
  }
}
