import { existsSync } from 'node:fs'
import { Result } from 'effect'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { readInit } from '../actors/fmp4/readInit.ts'
import type { CameraOptions } from './kit/camera.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { audioFacts, decodeCapture } from './kit/comparison.ts'
import type { Capture } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { moving } from './kit/pictures.ts'
import { type Presentation, present } from './kit/presented.ts'
import { publishCamera } from './kit/publishCamera.ts'
import { readRecording, watchAll } from './kit/watching.ts'

const RUNG = '144p'
const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const platform = usePlatform({ environment: { LADDER: RUNG } })
let node: PlatformNode
let browser: Browser

beforeAll(async () => {
  const launching = mayScreen ? launchChromium() : undefined
  node = await platform.start()
  if (launching !== undefined) browser = await launching
})

afterAll(() => browser?.close())

const FPS = 15
const FRAMES = 75
/** Another recorder each time, as after a reload: other codecs, sizes and containers, and none but the first and the last with sound. */
const epochs: ReadonlyArray<CameraOptions> = [
  { width: 640, height: 360, codec: 'h264' },
  { width: 320, height: 240, codec: 'vp8', audio: false },
  { width: 640, height: 480, codec: 'h264', container: 'mp4' },
]

/** What players show of the last one: itself, or its rung. */
const shapes = ['640x480', '256x144']
const shapeOf = ({ width, height }: Presentation['pictures'][number]): string => `${width}x${height}`

const fatal = ({ notes }: Presentation): ReadonlyArray<string> => notes.map(([, what]) => what).filter((what) => what.startsWith('fatal') || what === 'error')

const captureOf = (captures: ReadonlyMap<string, Capture>, name: string): Capture => {
  const capture = captures.get(name)
  if (capture === undefined) throw new Error(`there is no ${name}`)
  return capture
}

/** Sizes of a rendition's pictures in the order in which they are used, as its init segments say. */
const sizesOf = ({ media, inits }: Capture): ReadonlyArray<string> =>
  media
    .map(({ init }) => Result.getOrThrow(readInit(inits.get(init) ?? new Uint8Array())))
    .map(({ width, height }) => `${width}x${height}`)
    .filter((size, i, all) => size !== all[i - 1])

test.runIf(mayScreen)('a recorder that begins anew with other codecs, sizes and no sound goes on in the same stream, in all renditions, players and the recording', async () => {
  const [id, publisherToken] = ['begun-anew', 'a-token-of-its-own']
  const playlist = `${node.url}/live/${id}/index.m3u8`
  let watching: ReturnType<typeof watchAll> | undefined
  let viewing: Promise<ReadonlyArray<Awaited<ReturnType<typeof present>>>> | undefined
  const begun_ms: Array<number> = []
  for (const [i, options] of epochs.entries()) {
    const camera = { fps: FPS, frames: FRAMES, ...options }
    const { finished, publisher } = await publishCamera(node.url, { camera, stream: { recordingId: id, publisherToken } })
    begun_ms.push(Date.now())
    watching ??= watchAll(node.url, id)
    viewing ??= until('the stream is live', async () => ((await fetch(playlist)).ok ? true : undefined)).then(() =>
      Promise.all([present(browser, `${node.url}/watch/${id}`), present(browser, { playlist, hlsConfig: { lowLatencyMode: true } })])
    )
    await finished
    if (i < epochs.length - 1) publisher.leave()
    else {
      // The picture moves in the last epoch, and in the shape that it has there, however late a busy machine shows it.
      const last = ({ pictures }: Presentation) => pictures.filter((picture) => picture.at_ms > (begun_ms.at(-1) ?? 0) + 2_500 && shapes.includes(shapeOf(picture)))
      for (const { take, close } of await viewing) {
        await until('pictures of the last epoch move', async () => (last(await take()).length >= moving ? true : undefined))
        const seen = await close()
        expect(fatal(seen)).toEqual([])
        expect(shapes).toContain(seen.pictures.map(shapeOf).at(-1))
      }
      await publisher.stop()
    }
  }
  const live = (await watching) ?? new Map<string, Capture>()
  for (const [name, { broken }] of (await watching) ?? []) expect([name, [...broken].filter((fault) => !/above the part target/.test(fault))]).toEqual([name, []])
  for (const captures of [live, await readRecording(node.url, id)]) {
    const source = captureOf(captures, 'source')
    expect(sizesOf(source)).toEqual(['640x360', '320x240', '640x480'])
    expect(sizesOf(captureOf(captures, RUNG))).toEqual(['256x144'])
    const pictures = await decodeCapture(source)
    expect(pictures.complaints).toEqual([])
    expect(pictures.frames.map(({ label }) => label?.frame)).toEqual(epochs.flatMap(() => Array.from({ length: FRAMES }, (_, frame) => frame)))
    expect((await decodeCapture(captureOf(captures, RUNG))).frames.length).toBe(epochs.length * FRAMES)
    const span_s = (pictures.frames.at(-1)?.pts_s ?? 0) - (pictures.frames[0]?.pts_s ?? 0)
    const sound = await audioFacts(captureOf(captures, 'audio'))
    expect(sound.worstGap_s).toBeLessThan(0.001)
    expect(Math.abs(sound.decoded_s - span_s)).toBeLessThan(0.5)
  }
}, 120_000)
