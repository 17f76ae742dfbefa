import { existsSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { KIND } from '../edge/watch/watchFrame.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { publishCamera, type PublishedCamera } from './kit/publishCamera.ts'
import { openWatchPage, type WatchPage } from './kit/watchPage.ts'

const platform = usePlatform({ environment: { LADDER: '144p' } })
const mayWatch = process.env['CI'] === 'true' || existsSync(chromiumPath)
const id = 'camera'
const source = { width: 320, height: 180 }
let node: PlatformNode
let browser: Browser
let camera: PublishedCamera

beforeAll(async () => {
  if (!mayWatch) return
  const launching = launchChromium()
  node = await platform.start()
  camera = await publishCamera(node.url, { camera: { ...source, fps: 20, codec: 'h264', bitrate: 400_000 }, stream: { recordingId: id, title: 'The camera' } })
  browser = await launching
})

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close()
})

afterAll(async () => {
  camera?.abandon()
  await browser?.close()
})

/** Sockets between the page and the edge, which a test may refuse or cut. */
interface Sockets {
  readonly prepare: (page: Page) => Promise<void>
  readonly refuse: () => Promise<void>
  readonly allow: () => void
}

const spoilSockets = (): Sockets => {
  const open = new Set<{ readonly close: (options: { code: number }) => Promise<void> }>()
  let isRefused = false
  return {
    prepare: (page) =>
      page.routeWebSocket(/\/ws\/watch\//, (socket) => {
        if (isRefused) return void socket.close({ code: 1013 })
        socket.connectToServer()
        open.add(socket)
      }),
    refuse: async () => {
      isRefused = true
      await Promise.all([...open].map((socket) => socket.close({ code: 1013 })))
      open.clear()
    },
    allow: () => {
      isRefused = false
    },
  }
}

/** A socket that loses fragments while a test says so, as one does whose viewer was too slow. */
const losingSockets = () => {
  let sockets = 0
  let lost = 0
  let isLosing = false
  return {
    opened: () => sockets,
    lose: async (fragments: number) => {
      isLosing = true
      await until(`${fragments} fragments are lost`, async () => (lost >= fragments ? true : undefined))
      isLosing = false
    },
    prepare: (page: Page) =>
      page.routeWebSocket(/\/ws\/watch\//, (socket) => {
        sockets += 1
        socket.connectToServer().onMessage((message) => {
          if (isLosing && typeof message !== 'string' && message[0] === KIND.fragment) lost += 1
          else socket.send(message)
        })
      }),
  }
}

const watch = (prepare?: (page: Page) => Promise<void>): Promise<WatchPage> => openWatchPage(browser, `${node.url}/watch/${id}`, {}, prepare)

const pictureWidth = (page: Page): Promise<number> => page.locator('video').evaluate((video) => (video as { videoWidth?: number }).videoWidth ?? 0)

const choose = async ({ page }: WatchPage, label: string): Promise<void> => {
  await page.locator('.stage').hover()
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('radio', { name: new RegExp(`^${label}`) }).check()
  await page.keyboard.press('Escape')
}

test.runIf(mayWatch)('the page plays fragments as they are pushed: the picture moves, forward only, and its clock can be read', async () => {
  const viewer = await watch()
  const first = await viewer.shows('push')
  const later = await until('a hundred pictures', async () => ((await viewer.pictures()).length > 100 ? (await viewer.pictures()).at(-1) : undefined), 60_000)
  const frames = (await viewer.pictures()).map(({ frame }) => frame)
  expect(later.frame).toBeGreaterThan(first.frame)
  expect(frames.filter((frame, index) => frame < (frames[index - 1] ?? 0))).toEqual([])
  expect(viewer.defects).toEqual([])
})

test.runIf(mayWatch)('where sockets are refused HLS plays, hls.js being loaded only then; once they are let, the page goes over to them by itself', async () => {
  const sockets = spoilSockets()
  const loaded: Array<string> = []
  await sockets.refuse()
  const viewer = await watch(async (page) => {
    page.on('request', (request) => void (/hlsEngine/.test(request.url()) && loaded.push(request.url())))
    await sockets.prepare(page)
  })
  const byHls = await viewer.shows('hls')
  expect(loaded.length).toBe(1)
  sockets.allow()
  const pushed = await viewer.shows('push', 90_000)
  expect(pushed.frame).toBeGreaterThan(byHls.frame)
})

test.runIf(mayWatch)('a socket that is taken from a playing page costs a moment: HLS goes on', async () => {
  const sockets = spoilSockets()
  const viewer = await watch(sockets.prepare)
  const pushed = await viewer.shows('push')
  await sockets.refuse()
  const byHls = await viewer.shows('hls')
  expect(byHls.taken_ms).toBeGreaterThan(pushed.taken_ms)
})

test.runIf(mayWatch)('a hole in what is pushed is leapt over, on the same socket', async () => {
  const sockets = losingSockets()
  const viewer = await watch(sockets.prepare)
  await viewer.shows('push')
  await sockets.lose(60)
  const before = (await viewer.pictures()).at(-1)
  const after = await until('pictures from behind the hole', async () => (await viewer.pictures()).find(({ frame }) => frame > (before?.frame ?? Infinity) + 20))
  await viewer.shows('push')
  expect(sockets.opened()).toBe(1)
  expect(after.shown_ms - (before?.shown_ms ?? 0)).toBeLessThan(10_000)
  expect(viewer.defects).toEqual([])
})

test.runIf(mayWatch)('whoever goes to the live edge where a hole begins comes to what is behind it', async () => {
  const sockets = losingSockets()
  const viewer = await watch(sockets.prepare)
  await viewer.shows('push')
  const losing = sockets.lose(60)
  await viewer.page.keyboard.press('c')
  await losing
  const before = (await viewer.pictures()).at(-1)
  await until('pictures from behind the hole', async () => (await viewer.pictures()).find(({ frame }) => frame > (before?.frame ?? Infinity) + 20))
  expect(sockets.opened()).toBe(1)
})

test.runIf(mayWatch)('whoever wants the smoothest picture gets HLS, and is pushed to where HLS fails', async () => {
  const viewer = await watch()
  await viewer.shows('push')
  await choose(viewer, 'Smoothest')
  await viewer.shows('hls')
  await viewer.page.route(/\/live\//, (route) => route.abort())
  await viewer.shows('push', 60_000)
})

test.runIf(mayWatch)('going back in the live stream shows what was filmed then, and the live edge is one key away', async () => {
  const viewer = await watch()
  await until('there is something to go back to', async () => (camera.framesTaken() > 20 * 20 ? true : undefined), 60_000)
  const live = await viewer.shows('push')
  await viewer.page.keyboard.press('j')
  const back = await viewer.shows('hls')
  expect(back.taken_ms).toBeLessThan(live.taken_ms)
  await viewer.page.keyboard.press('ArrowLeft')
  await viewer.page.keyboard.press('c')
  const again = await viewer.shows('push')
  expect(again.taken_ms).toBeGreaterThan(live.taken_ms)
})

test.runIf(mayWatch)('a live picture that was stopped for a while goes on where it stood', async () => {
  const viewer = await watch()
  await viewer.shows('push')
  await viewer.page.keyboard.press('k')
  const stopped = (await viewer.pictures()).at(-1)
  await until('some seconds have passed', async () => (Date.now() - (stopped?.shown_ms ?? 0) > 6_000 ? true : undefined))
  await viewer.page.keyboard.press('k')
  await viewer.shows('hls')
  const first = (await viewer.pictures()).find(({ shown_ms }) => shown_ms > (stopped?.shown_ms ?? 0) + 5_000)
  expect(Math.abs((first?.taken_ms ?? 0) - (stopped?.taken_ms ?? 0))).toBeLessThan(3_000)
})

test.runIf(mayWatch)('quality is chosen on both ways of playing, and kept from one to the other', async () => {
  const viewer = await watch()
  const sizeIs = (width: number): Promise<unknown> => until(`a picture ${width} wide`, async () => ((await pictureWidth(viewer.page)) === width ? true : undefined), 40_000)
  await viewer.shows('push')
  await sizeIs(source.width)
  await choose(viewer, '144p')
  await sizeIs(256)
  await choose(viewer, 'Smoothest')
  await viewer.shows('hls')
  await sizeIs(256)
  await choose(viewer, '180p')
  await sizeIs(source.width)
})

test.runIf(mayWatch)('a publisher who is away is told of, and the picture goes on by itself when it is back', async () => {
  const viewer = await watch()
  const before = await viewer.shows('push')
  camera.publisher.drop(8_000)
  await viewer.says('Reconnecting')
  const after = await viewer.shows(undefined, 60_000)
  expect(after.frame).toBeGreaterThan(before.frame)
  expect(await viewer.page.locator('.notice').count()).toBe(0)
})

test.runIf(mayWatch)('the end of the stream is told, and its recording plays when it is wanted', async () => {
  const viewer = await watch()
  await viewer.shows()
  await camera.stop()
  await viewer.says('The stream has ended', 60_000)
  await viewer.page.getByRole('button', { name: 'Watch from the beginning' }).click({ timeout: 60_000 })
  const first = await viewer.shows('hls')
  expect(first.frame).toBeLessThan(100)
  expect(viewer.defects).toEqual([])
})
