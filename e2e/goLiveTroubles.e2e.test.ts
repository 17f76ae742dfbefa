import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { type GoLivePage, launchWithCamera, openGoLive } from './kit/goLive.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { axeFindings } from './kit/pageReport.ts'
import { openWatchPage } from './kit/watchPage.ts'

const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
/** A window shorter than the pause of a recorder: what counts is that its publisher is connected. */
const platform = usePlatform({ environment: { RECONNECT_WINDOW_MS: '8000' } })
const browsers: Array<Browser> = []
let node: PlatformNode
let withCamera: Browser
let refusing: Browser
let withoutDevices: Browser

beforeAll(async () => {
  node = await platform.start()
  if (!mayScreen) return
  ;[withCamera, refusing, withoutDevices] = await Promise.all([launchWithCamera(), launchWithCamera({ allowed: false }), launchChromium()])
  browsers.push(withCamera, refusing, withoutDevices)
})

afterAll(() => Promise.all(browsers.map((browser) => browser.close())))

/** The words over the preview, once they are there; the button is no way to go live then. */
const troubleOf = async ({ page }: GoLivePage): Promise<string> => {
  const notice = page.locator('.preview .notice')
  await notice.waitFor({ timeout: 30_000 })
  expect(await page.locator('button.goLiveNow').isDisabled()).toBe(true)
  expect(await axeFindings(page)).toEqual([])
  return (await notice.textContent()) ?? ''
}

/** A camera that fails in a way in which none does here. */
const failing = (name: string): string => `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('so it is', '${name}') }`

test.runIf(mayScreen)('whoever refused the camera is told where to allow it, and goes live once it is allowed', async () => {
  const live = await openGoLive(refusing, node.url)
  expect(await troubleOf(live)).toContain('allow it for this site')
  await live.context.grantPermissions(['camera', 'microphone'], { origin: node.url })
  await live.page.getByRole('button', { name: 'Try again' }).click()
  await live.start()
  await live.end()
  await live.context.close()
})

test.runIf(mayScreen)('without a camera there are other ways to go live', async () => {
  const live = await openGoLive(withoutDevices, node.url)
  expect(await troubleOf(live)).toContain('There is no camera')
  await live.page.getByText('There is no microphone').waitFor()
  await live.context.close()
})

test.runIf(mayScreen).each([
  ['a camera that another program has', failing('NotReadableError'), 'Close that program'],
  ['a page that nobody secures', 'delete Navigator.prototype.mediaDevices', 'https://'],
  ['a browser that records nothing which Millrace takes', 'MediaRecorder.isTypeSupported = () => false', 'This browser cannot record'],
])('%s is told from other troubles', async (_, prepare, words) => {
  const live = await openGoLive(withCamera, node.url, { prepare })
  expect(await troubleOf(live)).toContain(words)
  await live.context.close()
})

test.runIf(mayScreen)('a camera that goes away midway does not end the stream, which goes on with the picture when it is back', async () => {
  const prepare = `(() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted)
      globalThis.millraceCamera = stream.getVideoTracks()[0] ?? globalThis.millraceCamera
      return stream
    }
    const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices)
    navigator.mediaDevices.enumerateDevices = async () => (await list()).filter(({ kind }) => kind !== 'videoinput' || !globalThis.millraceUnplugged)
    globalThis.millracePlug = (isIn) => {
      globalThis.millraceUnplugged = !isIn
      if (!isIn) millraceCamera.stop()
      if (!isIn) millraceCamera.dispatchEvent(new Event('ended'))
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'))
    }
  })()`
  const live = await openGoLive(withCamera, node.url, { prepare })
  const { page } = live
  await live.start()
  await page.evaluate('globalThis.millracePlug(false)')
  await page.getByText('The camera is gone').waitFor()
  expect(await axeFindings(live.page)).toEqual([])
  const { chunks } = live.acknowledged()
  await expect.poll(() => live.acknowledged().chunks, { timeout: 20_000 }).toBeGreaterThan(chunks)
  await page.evaluate('globalThis.millracePlug(true)')
  await page.getByText('The camera is gone').waitFor({ state: 'hidden' })
  await expect.poll(() => live.acknowledged().epochs, { timeout: 20_000 }).toBe(2)
  await live.end()
  const { bytes } = await live.recorded()
  expect(live.acknowledged().bytes).toBe(bytes)
  await live.context.close()
})

test.runIf(mayScreen)('on a phone everything fits its width, and the button is in sight at once', async () => {
  const live = await openGoLive(withCamera, node.url, { viewport: { width: 390, height: 844 } })
  const { page } = live
  const overflow = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth')
  await page.locator('button.goLiveNow:enabled').waitFor()
  expect(await overflow()).toBeLessThanOrEqual(0)
  const button = await page.locator('button.goLiveNow').boundingBox()
  expect((button?.y ?? 844) + (button?.height ?? 0)).toBeLessThanOrEqual(844)
  expect(await axeFindings(live.page)).toEqual([])
  await live.start('x'.repeat(200))
  expect(await overflow()).toBeLessThanOrEqual(0)
  expect(await axeFindings(live.page)).toEqual([])
  await live.end()
  await live.context.close()
})

test.runIf(mayScreen)('links do not take who is live away from the page', async () => {
  const live = await openGoLive(withCamera, node.url)
  await live.start()
  const [beside] = await Promise.all([live.context.waitForEvent('page'), live.page.getByRole('link', { name: 'Millrace' }).click()])
  expect(new URL(beside.url()).pathname).toBe('/')
  await live.isLive()
  await live.end()
  await live.context.close()
})

test.runIf(mayScreen)('whoever goes back in the browser leaves nothing running, and finds the stream again', async () => {
  const live = await openGoLive(withCamera, node.url)
  const { page } = live
  const open = new Set<unknown>()
  page.on('websocket', (socket) => {
    if (!socket.url().endsWith('/ws/stream')) return
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await page.getByRole('link', { name: 'Millrace' }).click()
  await page.getByRole('link', { name: 'Go live' }).first().click()
  const id = await live.start('Back')
  await expect.poll(() => live.acknowledged().chunks, { timeout: 20_000 }).toBeGreaterThan(10)
  await page.goBack()
  await page.getByRole('link', { name: 'Go live' }).first().waitFor()
  await expect.poll(() => open.size, { timeout: 20_000 }).toBe(0)
  await page.goForward()
  await page.getByRole('button', { name: 'Continue the stream' }).click({ timeout: 30_000 })
  await live.isLive()
  expect(await live.id()).toBe(id)
  expect(open.size).toBe(1)
  await live.end()
  await live.context.close()
})

test.runIf(mayScreen)('an end that the server did not hear of is tried again as an end: nothing is filmed for it', async () => {
  const live = await openGoLive(withCamera, node.url)
  const { page } = live
  page.on('dialog', (dialog) => void dialog.accept())
  await live.start('Ended in vain')
  let isAway = true
  await page.routeWebSocket(/\/ws\/stream/, (socket) => void (isAway ? socket.close({ code: 1013 }) : socket.connectToServer()))
  await page.reload()
  await page.getByRole('button', { name: 'End it' }).click({ timeout: 30_000 })
  const again = page.getByRole('button', { name: 'Try again' })
  await again.waitFor({ timeout: 40_000 })
  isAway = false
  await again.click()
  await page.getByText(/stream has ended/).waitFor({ timeout: 30_000 })
  expect((await live.recorded()).recorders).toBe(0)
  await live.context.close()
})

test.runIf(mayScreen)('a recorder that pauses is no publisher who is away: viewers read that the picture stands still, until it moves again', async () => {
  const live = await openGoLive(withCamera, node.url, {
    prepare: `{
      const { start } = MediaRecorder.prototype
      MediaRecorder.prototype.start = function (...given) {
        globalThis.millraceRecorder = this
        return start.apply(this, given)
      }
    }`,
  })
  const id = await live.start('Pausing')
  const viewer = await openWatchPage(withoutDevices, `${node.url}/watch/${id}`)
  const playing = (): Promise<void> => viewer.page.locator('.notice').waitFor({ state: 'detached', timeout: 30_000 })
  await viewer.page.locator('.stage[data-path]').waitFor()
  await playing()
  await live.page.evaluate('millraceRecorder.pause()')
  await viewer.says('The picture stands still')
  await expect(viewer.says('Reconnecting', 12_000)).rejects.toThrow()
  await live.page.evaluate('millraceRecorder.resume()')
  await playing()
  await viewer.page.context().close()
  await live.end()
  await live.context.close()
})
