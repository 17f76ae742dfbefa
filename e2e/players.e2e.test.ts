import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { chromiumPath, launchChromium, type Screening } from './kit/chromium.ts'
import { decodeFrames } from './kit/decode.ts'
import { countFrames } from './kit/frameCount.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import type { PlaybackSummary } from './kit/playbackSummary.ts'
import { publishCamera } from './kit/publishCamera.ts'
import { type IsEnough, screenUntil } from './kit/screenUntil.ts'

const platform = usePlatform()
const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const frames = 500
const id = 'camera'
let node: PlatformNode
let browser: Browser | undefined

beforeAll(async () => {
  const launching = mayScreen ? launchChromium() : undefined
  node = await platform.start()
  browser = await launching
})

afterAll(async () => {
  await browser?.close()
})

const chromium = (): Browser => {
  if (browser === undefined) throw new Error('there is no Chromium')
  return browser
}

/** Plays until more than so many pictures were shown, without stopping for good, going back, or showing what was never sent. */
const playPictures = async (page: Screening['page'], pictures: number): Promise<PlaybackSummary> => {
  const isEnough: IsEnough = (shown) => shown.length > pictures && (shown.at(-1)?.frame ?? 0) - (shown[0]?.frame ?? 0) > pictures
  const summary = await screenUntil(chromium(), page, 20_000).until(isEnough)
  expect(Object.keys(summary.notes).filter((note) => note.startsWith('fatal') || note === 'error')).toEqual([])
  expect(summary).toMatchObject({ unreadable: 0, backwards: 0 })
  expect(summary.pictures).toBeGreaterThan(pictures)
  expect((summary.lastFrame ?? 0) - (summary.firstFrame ?? 0)).toBeGreaterThan(pictures)
  return summary
}

/** One stream for all tests of this file: live for the first, a recording for the last. */
let publishing: ReturnType<typeof publishCamera> | undefined
const published = (): ReturnType<typeof publishCamera> =>
  (publishing ??= publishCamera(node.url, { camera: { width: 640, height: 360, fps: 25, frames, codec: 'h264' }, stream: { recordingId: id } }))

/** Ends the stream once the camera has taken its last picture. */
let ending: Promise<unknown> | undefined
const ended = (): Promise<unknown> =>
  (ending ??= published().then(async ({ finished, publisher }) => {
    await finished
    await publisher.stop()
  }))

/** Address of the recording, once it is complete. */
const recorded = async (): Promise<string> => {
  await ended()
  const playlist = `${node.url}/recordings/${id}/index.m3u8`
  return until('the recording is complete', async () => ((await fetch(playlist)).ok ? playlist : undefined), 60_000)
}

/** All pictures that FFmpeg's own HLS reader gives of an address, until it ends. */
const readByFfmpeg = async (url: string): Promise<ReadonlyArray<number | undefined>> => {
  await until(`${url} answers`, async () => ((await fetch(url)).ok ? true : undefined))
  const { frames: decoded } = await decodeFrames(url)
  return decoded.map(({ label }) => label?.frame)
}

test.concurrent("FFmpeg's HLS reader plays the live stream to its end, every frame of it", async () => {
  await published()
  const [seen] = await Promise.all([readByFfmpeg(`${node.url}/live/${id}/index.m3u8`), ended()])
  const first = seen[0] ?? frames
  expect(first).toBeLessThan(frames / 2)
  expect(countFrames(seen, [first, frames - 1])).toMatchObject({ missingFrames: 0, repeated: 0, outOfOrder: 0, unreadable: 0 })
})

test.runIf(mayScreen)('hls.js in Chromium plays the live stream without a fatal error', { concurrent: true }, async () => {
  await published()
  const playlist = `${node.url}/live/${id}/index.m3u8`
  await playPictures({ playlist, hlsConfig: { lowLatencyMode: true } }, 100)
})

test.runIf(mayScreen)('the Watch page plays the live stream', { concurrent: true }, async () => {
  await published()
  await playPictures(`${node.url}/watch/${id}`, 100)
})

test.concurrent("FFmpeg's HLS reader plays the recording, every frame of it", async () => {
  const seen = await readByFfmpeg(await recorded())
  expect(seen.length).toBe(frames)
  expect(countFrames(seen, [0, frames - 1])).toMatchObject({ missingFrames: 0, repeated: 0, outOfOrder: 0, unreadable: 0 })
})

test.runIf(mayScreen)('hls.js in Chromium plays the recording from its beginning', { concurrent: true }, async () => {
  const playlist = await recorded()
  const summary = await playPictures({ playlist }, 60)
  expect(summary.firstFrame).toBeLessThan(5)
})

test.runIf(mayScreen)('the Watch page plays the recording from its beginning', { concurrent: true }, async () => {
  await recorded()
  const summary = await playPictures(`${node.url}/watch/${id}`, 60)
  expect(summary.firstFrame).toBeLessThan(5)
})
