/** A viewer over plain HTTP: downloads every part of a live stream once, decodes it, and reads the pictures' labels. */
import { countFrames, type FrameCount } from '../../e2e/kit/frameCount.ts'
import { readHls } from '../../e2e/kit/hlsReader.ts'
import { startLiveDecoder } from '../../e2e/kit/liveDecoder.ts'
import { quantile } from '../../e2e/kit/quantile.ts'

/** The newest pictures whose age is told. */
const remembered = 150

/** A viewer at work. */
export interface LiveViewer {
  readonly framesSeen: () => number
  /** Half of the newest pictures were at most this old when they were decoded, in ms. */
  readonly age_ms: () => number | undefined
  /** Ends with the stream or with the signal. */
  readonly finished: Promise<{
    readonly frames: ReadonlyArray<number | undefined>
    readonly complaints: ReadonlyArray<string>
  }>
}

/** Watches `/live/{id}`. With `keepsFrames` off, for endless streams, the numbers of the frames are not kept. */
export const watchLive = (url: string, options: { readonly signal: AbortSignal; readonly keepsFrames: boolean }): LiveViewer => {
  const frames: Array<number | undefined> = []
  const ages: Array<number> = []
  let seen = 0
  const decoder = startLiveDecoder((label) => {
    seen++
    if (options.keepsFrames) frames.push(label?.frame)
    if (label === undefined) return
    ages.push(Date.now() - label.clock_ms)
    if (ages.length > remembered) ages.shift()
  })
  const watch = async () => {
    try {
      const { signal } = options
      const feed = decoder.feed
      const { complaints } = await readHls(url, { signal, keeps: false, onInit: feed, onMedia: ({ bytes }) => feed(bytes) })
      await decoder.finish()
      return { frames, complaints }
    } finally {
      decoder.kill()
    }
  }
  const finished = watch()
  return { framesSeen: () => seen, age_ms: () => quantile(ages, 0.5), finished }
}

/** A count in words: `600 of 600, once and in order`, or what is wrong. */
export const inWords = (count: FrameCount, expected: number): string => {
  const faults = [
    count.missingFrames > 0 ? `${count.missingFrames} missing` : '',
    count.repeated > 0 ? `${count.repeated} twice` : '',
    count.outOfOrder > 0 ? `${count.outOfOrder} out of order` : '',
    count.unreadable > 0 ? `${count.unreadable} unreadable` : '',
  ].filter((fault) => fault !== '')
  return `${count.seen} of ${expected} frames, ${faults.length === 0 ? 'once and in order' : faults.join(', ')}`
}

/** Whether each of the frames 0 to `expected` − 1 came once and in order. */
export const isWhole = (frames: ReadonlyArray<number | undefined>, expected: number): boolean => {
  const count = countFrames(frames, [0, expected - 1])
  return count.missingFrames + count.repeated + count.outOfOrder + count.unreadable === 0
}
