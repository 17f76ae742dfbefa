/** A viewer with a screen who stays until enough was shown, however long a busy machine takes for it. */
import type { Browser } from 'playwright-core'
import { type Screening, screen } from './chromium.ts'
import type { ShownPicture } from './pictures.ts'
import type { PlaybackSummary } from './playbackSummary.ts'

/** Looks at all pictures that a viewer has been shown so far. */
export type IsEnough = (pictures: ReadonlyArray<ShownPicture>) => boolean

/** A picture later than `frame`. */
export const beyond = (frame: number): IsEnough => (pictures) => pictures.some((picture) => picture.frame > frame)

/** A viewer who is watching. */
export interface WatchingViewer {
  /** Resolves with the first picture; rejects when none comes. */
  readonly begun: Promise<void>
  /** Leaves once enough pictures were shown, or after the longest time. */
  readonly until: (isEnough: IsEnough) => Promise<PlaybackSummary>
}

/** Plays on a page of its own for at most `longest_ms` from the first picture on. */
export const screenUntil = (browser: Browser, page: Screening['page'], longest_ms: number): WatchingViewer => {
  const leave = new AbortController()
  const first = Promise.withResolvers<void>()
  const shown: Array<ShownPicture> = []
  let isEnough: IsEnough = () => false
  const look = (): void => {
    if (isEnough(shown)) leave.abort()
  }
  const playing = screen(browser, {
    page,
    for_ms: longest_ms,
    warmup_ms: 0,
    signal: leave.signal,
    onProgress: (pictures) => {
      if (pictures.length > 0) first.resolve()
      shown.push(...pictures)
      look()
    },
  })
  first.promise.catch(() => undefined)
  playing.then(() => first.reject(new Error('no picture was shown')), first.reject)
  return {
    begun: first.promise,
    until: (wanted) => {
      isEnough = wanted
      look()
      return playing
    },
  }
}
