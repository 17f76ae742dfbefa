import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Result } from 'effect'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { readInit } from '../actors/fmp4/readInit.ts'
import { recording } from '../actors/testing/recordings.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { ffmpegPath } from './kit/ffmpegPath.ts'
import { decodeCapture, decodeRecording, fragmentStarts, timingFaults } from './kit/comparison.ts'
import type { Capture } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { type Presentation, present } from './kit/presented.ts'
import { publishRecording } from './kit/publishRecording.ts'
import { readRecording, watchAll } from './kit/watching.ts'

const RUNG = '144p'
const platform = usePlatform({ environment: { LADDER: RUNG } })
const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
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

const theOne = (captures: ReadonlyMap<string, Capture>, name: string): Capture => {
  const capture = captures.get(name)
  if (capture === undefined) throw new Error(`there is no ${name}`)
  return capture
}

/** Sizes of a rendition's pictures, as its init segments say, in the order in which they are used. */
const sizesOf = ({ media, inits }: Capture): ReadonlyArray<string> => {
  const sizes = media.map(({ init }) => Result.getOrThrow(readInit(inits.get(init) ?? new Uint8Array())))
  return sizes.map(({ width, height }) => `${width}x${height}`).filter((size, i, all) => size !== all[i - 1])
}

/** Where each discontinuity lies on the timeline, in seconds, and holes and steps back of the media times there. */
const seams = (capture: Capture, timescale: number): ReadonlyArray<{ readonly at_s: number; readonly hole_s: number }> => {
  const times = capture.media.map((media) => ({ ...media, start_s: (fragmentStarts({ ...capture, media: [media] })[0] ?? 0) / timescale }))
  return times.flatMap((one, i) => {
    const before = times[i - 1]
    return before === undefined || before.discontinuitySequence === one.discontinuitySequence ? [] : [{ at_s: one.start_s, hole_s: one.start_s - before.start_s - before.duration_s }]
  })
}

const expectSeams = (renditions: ReadonlyMap<string, Capture>, count: number): void => {
  const all = new Map([...renditions].map(([name, capture]) => [name, seams(capture, name === 'audio' ? 48_000 : 90_000)]))
  for (const [name, found] of all) {
    expect([name, found.length]).toEqual([name, count])
    for (const { hole_s } of found) {
      expect(hole_s).toBeGreaterThan(-0.001)
      expect(hole_s).toBeLessThan(0.03)
    }
    found.forEach(({ at_s }, i) => expect(Math.abs(at_s - (all.get('source')?.[i]?.at_s ?? 0))).toBeLessThan(0.1))
  }
}

test.concurrent.each(['resize-h264.webm', 'resize-avc3.mp4', 'resize-vp8.webm'])(
  '%s changes its size in all renditions at the same time, without a hole, every frame once, live and as a recording',
  async (name) => {
    const source = recording(name)
    const id = name.replace('.', '-')
    const publishing = publishRecording(node.url, source, { recordingId: id })
    const watching = watchAll(node.url, id)
    await (await publishing).stop()
    const renditions = await watching
    for (const { broken } of renditions.values()) expect([...broken]).toEqual([])
    expectSeams(renditions, 2)
    const expected = await decodeRecording(source)
    for (const captures of [renditions, await readRecording(node.url, id)]) {
      for (const rendition of ['source', RUNG]) {
        const capture = theOne(captures, rendition)
        expect(capture).toMatchObject({ ended: true, complaints: [] })
        const decoded = await decodeCapture(capture)
        expect(decoded.complaints).toEqual([])
        expect(timingFaults(decoded.frames, expected.frames)).toEqual([])
        expect(sizesOf(capture)).toEqual(rendition === 'source' ? ['640x480', '800x450', '320x240'] : ['192x144'])
      }
    }
  },
)

const sizesShown = ({ pictures }: Presentation): ReadonlyArray<string> =>
  pictures.map(({ width, height }) => `${width}x${height}`).filter((size, i, all) => size !== all[i - 1])

const fatal = ({ notes }: Presentation): ReadonlyArray<string> => notes.map(([, what]) => what).filter((what) => what.startsWith('fatal') || what === 'error')

/** Two viewers with a screen: the Watch page, and hls.js on a bare page. */
const watchBoth = async (url: string, id: string) => {
  const playlist = `${url}/live/${id}/index.m3u8`
  await until(`${id} is live`, async () => ((await fetch(playlist)).ok ? true : undefined))
  return Promise.all([present(chromium(), `${url}/watch/${id}`), present(chromium(), { playlist, hlsConfig: { lowLatencyMode: true } })])
}

// Where there is a rung, a viewer on a busy machine takes it and sees the source's sizes no more.
const withoutRungs = usePlatform()

test.runIf(mayScreen)('Chromium shows each size at its time, and the picture goes on', async () => {
  const id = 'resized'
  const { url } = await withoutRungs.start()
  const publishing = publishRecording(url, recording('resize-h264.webm'), { recordingId: id })
  const pages = await watchBoth(url, id)
  const publisher = await publishing
  // How far behind live a viewer is on a busy machine is not judged here.
  await Promise.all(pages.map(({ take }) => until('the last size is shown', async () => (sizesShown(await take()).at(-1) === '320x240' ? true : undefined))))
  for (const seen of await Promise.all(pages.map(({ close }) => close()))) {
    expect(fatal(seen)).toEqual([])
    expect(sizesShown(seen).slice(-2)).toEqual(['800x450', '320x240'])
    expect(seen.pictures.find(({ width }) => width === 320)?.media_s).toBeGreaterThan(4.95)
  }
  await publisher.stop()
})

test.concurrent('a recorder that pauses goes on in the same stream, at the time that it is', async () => {
  const source = recording('pause-h264.webm')
  const publishing = publishRecording(node.url, source, { recordingId: 'paused' })
  const watching = watchAll(node.url, 'paused')
  await (await publishing).stop()
  const renditions = await watching
  for (const { broken } of renditions.values()) expect([...broken]).toEqual([])
  const expected = await decodeRecording(source)
  expect(timingFaults((await decodeCapture(theOne(renditions, 'source'))).frames, expected.frames)).toEqual([])
  const playlist = await (await fetch(`${node.url}/live/paused/source/playlist.m3u8`)).text()
  const clocks = [...playlist.matchAll(/#EXT-X-PROGRAM-DATE-TIME:(.*)/g)].map(([, time]) => Date.parse(time ?? ''))
  const lengths = [...playlist.matchAll(/#EXTINF:([0-9.]+)/g)].map(([, length]) => Number(length) * 1_000)
  const leaps = clocks.slice(1).map((clock, i) => clock - (clocks[i] ?? 0) - (lengths[i] ?? 0)).filter((leap) => Math.abs(leap) > 10)
  expect(leaps.length).toBe(1)
  expect(Math.abs((leaps[0] ?? 0) - 3_000)).toBeLessThan(1_000)
})

const versions = usePlatform()
const folder = mkdtempSync(join(tmpdir(), 'millrace-ffmpeg-'))

afterAll(() => rmSync(folder, { recursive: true }))

test('an owner with another FFmpeg, which writes other init segments about the same frames, goes on without a seam', async () => {
  const other = join(folder, 'ffmpeg')
  const lines = ['#!/bin/bash', 'args=()', 'for one in "$@"; do', '[ "$one" = -write_btrt ] && args+=(-metadata title=newer)', 'args+=("$one")', 'done', `exec ${ffmpegPath} "\${args[@]}"`]
  writeFileSync(other, `${lines.join('\n')}\n`, { mode: 0o755 })
  const edge = await versions.start({ roles: 'edge,archive', name: 'edge' })
  const first = await versions.start({ roles: 'actors', name: 'first' })
  const source = recording('h264.webm')
  const publishing = publishRecording(edge.url, source, { recordingId: 'upgraded' })
  const watching = watchAll(edge.url, 'upgraded')
  await delay(4_000)
  await versions.start({ roles: 'actors', name: 'second', environment: { FFMPEG_PATH: other } })
  first.signal('SIGKILL')
  await (await publishing).stop()
  const renditions = await watching
  const expected = await decodeRecording(source)
  expect(timingFaults((await decodeCapture(theOne(renditions, 'source'))).frames, expected.frames)).toEqual([])
  for (const { media, broken } of renditions.values()) {
    expect([...broken]).toEqual([])
    expect(new Set(media.map(({ init, discontinuitySequence }) => `${init} ${discontinuitySequence}`)).size).toBe(1)
  }
})
