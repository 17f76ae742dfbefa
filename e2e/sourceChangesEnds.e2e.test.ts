import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { audioFacts, decodeCapture } from './kit/comparison.ts'
import { countFrames } from './kit/frameCount.ts'
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

/** Sound alone, behind the last picture. */
const ALONE_S = 20
/** How much of that players play, also on a busy machine, where they leap; where pictures end for good, they get to none of it. */
const PLAYED_S_MIN = ALONE_S / 2

const fatal = ({ notes }: Presentation): ReadonlyArray<string> => notes.map(([, what]) => what).filter((what) => what.startsWith('fatal') || what === 'error')

/** A still has five pictures a second; pictures that come sooner behind one another move. */
const STILL_S = 0.2

/** The pictures that came back, as a player showed them. */
const movingAgain = ({ pictures }: Presentation, back_ms: number): Presentation['pictures'] =>
  pictures.filter(({ at_ms, media_s }, i) => at_ms > back_ms && media_s - (pictures[i - 1]?.media_s ?? 0) < STILL_S * 0.75)

/** How much a player played from `from_ms` until it showed the pictures that came back, leaps left out, and how much sound it decoded. */
const heard = (seen: Presentation, from_ms: number, back_ms: number): { readonly played_s: number; readonly bytes: number } => {
  const shown_ms = movingAgain(seen, back_ms)[0]?.at_ms ?? back_ms
  const within = seen.moments.filter(({ at_ms }) => at_ms >= from_ms && at_ms <= shown_ms)
  const steps = within.slice(1).map(({ at_ms, position_s }, i) => ({ took_s: (at_ms - (within[i]?.at_ms ?? 0)) / 1_000, step_s: position_s - (within[i]?.position_s ?? 0) }))
  const played = steps.filter(({ took_s, step_s }) => step_s > 0 && step_s < took_s * 1.5 + 0.1)
  return { played_s: played.reduce((sum, { step_s }) => sum + step_s, 0), bytes: (within.at(-1)?.sound ?? 0) - (within[0]?.sound ?? 0) }
}

test.runIf(mayScreen)('where the pictures end the sound goes on, in plain hls.js, on the Watch page and in the recording, and pictures that come back are shown', async () => {
  const [id, publisherToken] = ['pictures-end', 'a-token-of-its-own']
  const first = await publishCamera(node.url, { camera: { width: 320, height: 180, fps: 15, frames: 60, soundAfter_s: ALONE_S }, stream: { recordingId: id, publisherToken } })
  const playlist = `${node.url}/live/${id}/index.m3u8`
  await until('the stream is live', async () => ((await fetch(playlist)).ok ? true : undefined))
  const watching = watchAll(node.url, id)
  const pages = await Promise.all([present(browser, `${node.url}/watch/${id}`), present(browser, { playlist, hlsConfig: { lowLatencyMode: true } })])
  await until('the pictures have ended', () => Promise.resolve(first.framesTaken() === 60 ? true : undefined))
  const ended_ms = Date.now()
  await first.finished
  const back_ms = Date.now()
  expect(back_ms - ended_ms).toBeGreaterThan(ALONE_S * 600)
  first.publisher.leave()
  const second = await publishCamera(node.url, { camera: { width: 320, height: 240, fps: 25, frames: 150, codec: 'vp8' }, stream: { recordingId: id, publisherToken } })
  await second.finished
  await Promise.all(pages.map(({ take }) => until('pictures move again', async () => (movingAgain(await take(), back_ms).length >= moving ? true : undefined))))
  for (const [i, page] of pages.entries()) {
    const seen = await page.close()
    const { played_s, bytes } = heard(seen, ended_ms, back_ms)
    expect([i, fatal(seen)]).toEqual([i, []])
    expect(played_s, `player ${i}: ${JSON.stringify(seen.notes)}`).toBeGreaterThan(PLAYED_S_MIN)
    expect(bytes).toBeGreaterThan(0)
  }
  await second.publisher.stop()
  const live = await watching
  for (const [name, { broken }] of live) expect([name, [...broken].filter((fault) => !/above the part target/.test(fault))]).toEqual([name, []])
  for (const captures of [live, await readRecording(node.url, id)]) {
    for (const name of ['source', RUNG]) {
      const capture = captures.get(name)
      if (capture === undefined) throw new Error(`there is no ${name}`)
      const decoded = await decodeCapture(capture)
      expect(decoded.complaints).toEqual([])
      const numbers = decoded.frames.map(({ label }) => label?.frame)
      // A still shows the last picture again; a rung of another shape than its source has a label that nobody reads.
      expect(countFrames(numbers.slice(0, 60), [0, 59])).toMatchObject({ missingFrames: 0, repeated: 0, outOfOrder: 0, unreadable: 0 })
      expect(new Set(numbers.slice(60, -150))).toEqual(new Set([59]))
      if (name === 'source') expect(countFrames(numbers.slice(-150), [0, 149])).toMatchObject({ missingFrames: 0, repeated: 0, outOfOrder: 0, unreadable: 0 })
      const span_s = (decoded.frames.at(-1)?.pts_s ?? 0) - (decoded.frames[0]?.pts_s ?? 0)
      expect(span_s).toBeGreaterThan(4 + ALONE_S + 5)
    }
    const sound = captures.get('audio')
    if (sound === undefined) throw new Error('there is no sound')
    const facts = await audioFacts(sound)
    expect(facts.worstGap_s).toBeLessThan(0.001)
    expect(facts.decoded_s).toBeGreaterThan(4 + ALONE_S + 5)
  }
}, 90_000)
