import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { recording } from '../actors/testing/recordings.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { axeFindings } from './kit/pageReport.ts'
import { publishCamera, type PublishedCamera } from './kit/publishCamera.ts'
import { startPublishing } from './kit/publisher.ts'
import { openWatchPage, type WatchPage } from './kit/watchPage.ts'

const platform = usePlatform()
const mayWatch = process.env['CI'] === 'true' || existsSync(chromiumPath)
const camera = { width: 320, height: 180, fps: 20, codec: 'h264', bitrate: 400_000 } as const
const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' }
let node: PlatformNode
let browser: Browser

beforeAll(async () => {
  if (!mayWatch) return
  const launching = launchChromium()
  node = await platform.start()
  browser = await launching
})

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close()
})

afterAll(async () => {
  await browser?.close()
})

const watch = (id: string, options?: BrowserContextOptions): Promise<WatchPage> => openWatchPage(browser, `${node.url}/watch/${id}`, options)

const film = (recordingId: string, title = recordingId): Promise<PublishedCamera> => publishCamera(node.url, { camera, stream: { recordingId, title } })

const soundOf = (page: Page): Promise<unknown> => page.evaluate("(({ muted, volume }) => ({ muted, volume }))(document.querySelector('video'))")

const expectSound = async (viewer: WatchPage): Promise<void> => {
  expect(await axeFindings(viewer.page)).toEqual([])
  expect(viewer.defects).toEqual([])
}

test.runIf(mayWatch)('a stream that is not there yet is said to be awaited, and plays once it begins, without a reload', async () => {
  const viewer = await watch('later')
  await viewer.says('There is no stream here yet')
  expect(await axeFindings(viewer.page)).toEqual([])
  const published = await film('later')
  await viewer.shows()
  published.abandon()
  await expectSound(viewer)
})

test.runIf(mayWatch)('a publisher who has sent nothing yet is about to begin', async () => {
  const publisher = await startPublishing(node.url, { recordingId: 'silent', mimeType: 'video/webm;codecs=vp8' })
  const viewer = await watch('silent')
  await viewer.says('About to begin')
  publisher.leave()
  await expectSound(viewer)
})

test.runIf(mayWatch)('a failed stream says why', async () => {
  const source = recording('h264.webm')
  const publisher = await startPublishing(node.url, { recordingId: 'broken', mimeType: source.mimeType, resumes: false })
  const first = Buffer.from(source.chunks[0]?.bytes ?? [])
  publisher.send(first.subarray(0, first.indexOf('1f43b675', 'hex')))
  let isOver = false
  const over = publisher.failed.catch(() => (isOver = true))
  while (!isOver) {
    for (let index = 0; index < 20; index++) publisher.send(randomBytes(20_000))
    await Promise.race([delay(50), over])
  }
  const viewer = await watch('broken')
  await viewer.says('The stream has failed')
  expect((await viewer.page.locator('.notice').innerText()).length).toBeGreaterThan('The stream has failed'.length + 10)
  await expectSound(viewer)
})

test.runIf(mayWatch)('a live stream is watched with nothing but a keyboard', async () => {
  const published = await film('keys')
  const viewer = await watch('keys')
  await viewer.shows()
  const { page } = viewer
  const isPaused = (): Promise<boolean> => page.locator('video').evaluate((video) => (video as { paused?: boolean }).paused === true)
  await page.keyboard.press('k')
  expect(await isPaused()).toBe(true)
  await page.keyboard.press(' ')
  expect(await isPaused()).toBe(false)
  await page.keyboard.press('m')
  await page.getByRole('button', { name: 'Sound on' }).waitFor()
  await page.getByRole('button', { name: 'Settings' }).focus()
  await page.keyboard.press('ArrowDown')
  expect(await soundOf(page)).toEqual({ muted: true, volume: 0.9 })
  await page.keyboard.press('ArrowUp')
  expect(await soundOf(page)).toEqual({ muted: false, volume: 1 })
  await page.keyboard.press('f')
  await page.getByRole('button', { name: 'Leave full screen' }).waitFor()
  await page.keyboard.press('f')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Settings' }).focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await axeFindings(page)).toEqual([])
  await page.keyboard.press('Escape')
  expect(await page.evaluate('document.activeElement.textContent')).toContain('Settings')
  published.abandon()
  await expectSound(viewer)
})

test.runIf(mayWatch)('the arrows move a page that is longer than its window, until the player has the focus', async () => {
  const published = await film('long')
  const viewer = await watch('long', { viewport: { width: 800, height: 320 } })
  await viewer.shows()
  const { page } = viewer
  const before = await soundOf(page)
  await page.keyboard.press('ArrowDown')
  await until('the page has moved', async () => (await page.evaluate<boolean>('scrollY > 0')) || undefined)
  expect(await soundOf(page)).toEqual(before)
  published.abandon()
  await expectSound(viewer)
})

test.runIf(mayWatch)('the address can be handed on from a page that did not come by https', async () => {
  const published = await film('shared')
  const afar = await launchChromium(['--host-resolver-rules=MAP afar.example 127.0.0.1'])
  try {
    const address = `http://afar.example:${new URL(node.url).port}/watch/shared`
    const viewer = await openWatchPage(afar, address)
    await viewer.shows()
    const { page } = viewer
    expect(await page.evaluate('isSecureContext')).toBe(false)
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    await page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    await page.locator('#paste').focus()
    await page.keyboard.press('Control+V')
    expect(await page.locator('#paste').inputValue()).toBe(address)
    expect(viewer.defects).toEqual([])
  } finally {
    await afar.close()
    published.abandon()
  }
})

test.runIf(mayWatch)('on a phone the picture is as wide as the page, nothing is wider, and titles are words whatever stands in them', async () => {
  const title = '<b onclick="alert(1)">مرحبا</b> 🎥 ' + 'long'.repeat(30)
  const published = await film('phone', title)
  const viewer = await watch('phone', phone)
  await viewer.shows()
  expect(await viewer.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  expect(await viewer.page.getByRole('heading', { level: 1 }).innerText()).toBe(title.trim())
  expect(await viewer.page.locator('h1 b').count()).toBe(0)
  await viewer.page.locator('.stage').tap()
  await viewer.page.getByRole('button', { name: 'Settings' }).tap()
  const panel = await viewer.page.getByRole('group', { name: 'Settings' }).boundingBox()
  expect(panel !== null && panel.x >= 0 && panel.y >= 0 && panel.x + panel.width <= 390 && panel.y + panel.height <= 844).toBe(true)
  published.abandon()
  await expectSound(viewer)
})
