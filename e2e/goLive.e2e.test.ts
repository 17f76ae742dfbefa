import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { chromiumPath } from './kit/chromium.ts'
import { type DecodedMedia, decodeCapture, timingFaults } from './kit/comparison.ts'
import { decodeFrames } from './kit/decode.ts'
import { type GoLivePage, launchWithCamera, openGoLive } from './kit/goLive.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { axeFindings } from './kit/pageReport.ts'
import { proxyTo } from './kit/proxy.ts'
import { readRecording, watchRendition } from './kit/watching.ts'

const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const platform = usePlatform()
let node: PlatformNode
let browser: Browser

beforeAll(async () => {
  const launching = mayScreen ? launchWithCamera({ cameras: 2 }) : undefined
  node = await platform.start()
  if (launching !== undefined) browser = await launching
})

afterAll(() => browser?.close())

/** Pictures of a stream's recording. */
const recordingOf = async (id: string): Promise<DecodedMedia> => {
  const source = (await readRecording(node.url, id)).get('source')
  if (source === undefined) throw new Error('there is no picture')
  return decodeCapture(source)
}

/** Time between first and last picture. */
const span_s = ({ frames }: DecodedMedia): number => (frames.at(-1)?.pts_s ?? 0) - (frames[0]?.pts_s ?? 0)

/** Everything that the page's recorders gave is acknowledged, to the byte. */
const expectAllStored = async (live: GoLivePage): Promise<void> => {
  const { chunks, bytes } = await live.recorded()
  expect(live.acknowledged()).toMatchObject({ chunks, bytes })
}

const expectNoFaults = async (live: GoLivePage): Promise<void> => expect(await axeFindings(live.page)).toEqual([])

const fetchStream = async (id: string): Promise<{ readonly title: string; readonly status: string; readonly discontinuities: number; readonly losses: ReadonlyArray<unknown> }> =>
  (await fetch(`${node.url}/api/streams/${id}`)).json() as ReturnType<typeof fetchStream>

test.runIf(mayScreen)('a person goes live with the page, viewers get the picture, and at the end there is a recording of all of it', async () => {
  const live = await openGoLive(browser, node.url)
  await live.page.getByText('You are heard').waitFor()
  await expectNoFaults(live)
  const title = '<b>Kiln</b> & “glaze” \u{1F3FA} \u05E9\u05DC\u05D5\u05DD'
  const id = await live.start(title)
  const watching = watchRendition(node.url, id, 'source')
  await live.page.getByText('Stored as you go').waitFor()
  await expectNoFaults(live)
  expect(await live.page.locator('h1').textContent()).toBe(title)
  await delay(6_000)
  await live.page.getByRole('button', { name: 'Mute' }).click()
  await live.page.getByRole('button', { name: 'Hide picture' }).click()
  await expectNoFaults(live)
  await live.end()
  await expectNoFaults(live)
  await expectAllStored(live)
  const seen = await watching
  expect([...seen.complaints, ...seen.broken].filter((fault) => !/above the part target/.test(fault))).toEqual([])
  const pictures = await decodeCapture(seen)
  expect(pictures.complaints).toEqual([])
  expect(span_s(pictures)).toBeGreaterThan(5)
  expect(await live.page.getByRole('link', { name: 'Watch the recording' }).getAttribute('href')).toBe(`/watch/${id}`)
  await live.page.getByText('The recording is ready.').waitFor({ timeout: 60_000 })
  expect((await recordingOf(id)).frames.length).toBe(pictures.frames.length)
  expect(await fetchStream(id)).toMatchObject({ title, status: 'archived', losses: [], discontinuities: 0 })
  await live.context.close()
})

test.runIf(mayScreen)('what is recorded while the network is away for ten seconds arrives when it is back', async () => {
  const proxy = await proxyTo(node.url)
  const live = await openGoLive(browser, proxy.through(node.url))
  const id = await live.start('Away')
  await delay(2_000)
  const before = await live.recorded()
  proxy.cut()
  await live.page.getByText('The connection is lost').waitFor()
  await expectNoFaults(live)
  await delay(10_000)
  const away = await live.recorded()
  expect(away.chunks - before.chunks).toBeGreaterThan(30)
  expect(away.chunks - live.acknowledged().chunks).toBeGreaterThan(30)
  proxy.heal()
  await live.page.getByText('Stored as you go').waitFor({ timeout: 30_000 })
  await live.isLive()
  await live.end()
  expect(await live.recorded()).toMatchObject({ recorders: 1 })
  await expectAllStored(live)
  const [recording, recorded] = await Promise.all([recordingOf(id), live.recordedBytes().then((bytes) => decodeFrames([bytes]))])
  expect(recording.complaints).toEqual([])
  expect(span_s(recording)).toBeGreaterThan(11)
  expect(timingFaults(recording.frames, recorded.frames)).toEqual([])
  expect(recording.frames.map(({ md5 }) => md5)).toEqual(recorded.frames.map(({ md5 }) => md5))
  expect(await fetchStream(id)).toMatchObject({ losses: [], lostChunks: 0, discontinuities: 0 })
  await live.context.close()
  await proxy.close()
})

test.runIf(mayScreen)('a network that swallows everything without a word is left for a new connection', async () => {
  const proxy = await proxyTo(node.url)
  const live = await openGoLive(browser, proxy.through(node.url))
  await live.start()
  await delay(1_000)
  proxy.blackHole()
  await live.page.getByText('The connection is lost').waitFor({ timeout: 30_000 })
  proxy.heal()
  await live.page.getByText('Stored as you go').waitFor({ timeout: 30_000 })
  await live.end()
  await expectAllStored(live)
  await live.context.close()
  await proxy.close()
})

test.runIf(mayScreen)('another camera, the screen and another quality are parts of the same stream', async () => {
  const live = await openGoLive(browser, node.url)
  const { page } = live
  await page.getByRole('button', { name: '480p' }).click()
  const id = await live.start('Changes')
  await delay(2_000)
  await page.getByText('Devices and quality').click()
  await page.getByLabel('Camera', { exact: true }).selectOption({ index: 1 })
  await until('the other camera is an epoch', async () => (live.acknowledged().epochs >= 2 ? true : undefined))
  await delay(2_000)
  await page.getByRole('button', { name: 'Share screen' }).click()
  await page.getByRole('button', { name: 'To camera' }).waitFor()
  await until('the screen is an epoch', async () => (live.acknowledged().epochs >= 3 ? true : undefined))
  await delay(2_000)
  await page.getByRole('button', { name: '720p' }).click()
  await until('the better picture is an epoch', async () => (live.acknowledged().epochs >= 4 ? true : undefined))
  await delay(2_000)
  await live.end()
  await expectAllStored(live)
  const recording = await recordingOf(id)
  expect(recording.complaints).toEqual([])
  expect(span_s(recording)).toBeGreaterThan(7)
  expect(await fetchStream(id)).toMatchObject({ losses: [], discontinuities: 3 })
  await live.context.close()
})

test.runIf(mayScreen)('the browser asks before the tab is left, and after a reload the same stream goes on or is ended', async () => {
  const live = await openGoLive(browser, node.url)
  const { page } = live
  const asked: Array<string> = []
  page.on('dialog', (dialog) => {
    asked.push(dialog.type())
    void dialog.accept()
  })
  const id = await live.start('Reloaded')
  await delay(2_000)
  await page.reload()
  expect(asked).toEqual(['beforeunload'])
  await page.getByText('You are still live').waitFor()
  await expectNoFaults(live)
  await page.getByRole('button', { name: 'Continue the stream' }).click({ timeout: 30_000 })
  await live.isLive()
  expect(await live.id()).toBe(id)
  expect(await page.locator('h1').textContent()).toBe('Reloaded')
  await delay(2_000)
  await page.reload()
  await page.getByRole('button', { name: 'End it' }).click({ timeout: 30_000 })
  await page.getByText('Your stream has ended').waitFor({ timeout: 60_000 })
  const recording = await recordingOf(id)
  expect(recording.complaints).toEqual([])
  expect(span_s(recording)).toBeGreaterThan(3)
  await page.reload()
  await page.getByRole('button', { name: 'Go live' }).waitFor()
  await live.context.close()
})

test.runIf(mayScreen)('a browser that lets pages keep nothing goes live all the same', async () => {
  const refusing = "for (const name of ['sessionStorage', 'localStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } })"
  const live = await openGoLive(browser, node.url, { prepare: refusing })
  await live.start('Kept nowhere')
  await live.end()
  await expectAllStored(live)
})

test.runIf(mayScreen)('all of it can be done with the keyboard alone', async () => {
  const live = await openGoLive(browser, node.url)
  const { page } = live
  const focused = (): Promise<string> => page.evaluate("document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label') || ''")
  const tabTo = async (name: string): Promise<void> => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab')
      if ((await focused()) === name) return
    }
    throw new Error(`Tab does not lead to ${name}`)
  }
  await page.locator('button.goLiveNow:enabled').waitFor()
  await tabTo('Sound only')
  await page.keyboard.press('Enter')
  await page.locator('.previewWords').getByText('Sound only').waitFor()
  await tabTo('Go live')
  await page.keyboard.press('Space')
  await live.isLive()
  const id = await live.id()
  await delay(3_000)
  await page.evaluate("document.querySelector('main').focus()")
  await tabTo('End stream')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  expect(await focused()).toBe('Keep going')
  await expectNoFaults(live)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  expect(await focused()).toBe('End stream')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Your stream has ended').waitFor({ timeout: 60_000 })
  await expectAllStored(live)
  expect([...(await readRecording(node.url, id)).keys()]).toEqual(['audio'])
  await live.context.close()
})
