import { existsSync } from 'node:fs'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { type Label, labelReaderSource, stripSize } from './kit/label.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { axeFindings, observePage, type PageReport } from './kit/pageReport.ts'
import { pretendStreams } from './kit/pretend.ts'
import { type PublishedCamera, publishCamera } from './kit/publishCamera.ts'

const platform = usePlatform()
const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const patience_ms = 40_000
const shift_max = 0.01
const id = 'harbour'
const title = 'Harbour <b>camera</b> 🌊'
const card = `.card[href="/watch/${id}"]`

let node: PlatformNode
let browser: Browser | undefined
let published: PublishedCamera | undefined

beforeAll(async () => {
  const launching = mayScreen ? launchChromium() : undefined
  node = await platform.start()
  browser = await launching
})

afterAll(async () => {
  published?.abandon()
  await browser?.close()
})

const opened: Array<Page> = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((page) => page.context().close()))
})

/** Opens a page for the length of a test; `before` sees it while it is blank. */
const open = async (path: string, options: BrowserContextOptions = {}, before?: (page: Page) => Promise<void>): Promise<{ page: Page; report: () => Promise<PageReport> }> => {
  if (browser === undefined) throw new Error('there is no Chromium')
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  opened.push(page)
  page.setDefaultTimeout(patience_ms)
  const report = await observePage(page)
  await before?.(page)
  await page.goto(`${node.url}${path}`)
  return { page, report }
}

const publish = async (): Promise<PublishedCamera> =>
  (published ??= await publishCamera(node.url, { camera: { width: 640, height: 360, fps: 20 }, stream: { recordingId: id, title } }))

/** The label in the picture of a card; `undefined`: there is no picture, or none that a camera took. */
const labelOn = (page: Page): Promise<Label | undefined> =>
  page.evaluate<Label | undefined>(`(() => {
    ${labelReaderSource}
    const canvas = document.querySelector(${JSON.stringify(`${card} canvas`)})
    if (canvas === null) return undefined
    const strip = new OffscreenCanvas(${stripSize.width}, ${stripSize.height}).getContext('2d')
    const side = Math.floor(canvas.width / 32)
    strip.drawImage(canvas, 0, 0, side * 32, side * 3, 0, 0, ${stripSize.width}, ${stripSize.height})
    return readLabel(strip.getImageData(0, 0, ${stripSize.width}, ${stripSize.height}).data, 4)
  })()`)

/** `page.waitForFunction` would evaluate text within the page, which its policy forbids. */
const evaluatesTo = async (page: Page, condition: string): Promise<true | undefined> => ((await page.evaluate(condition)) === true ? true : undefined)

const widthOf = (page: Page): Promise<{ page: number; screen: number }> => page.evaluate('({ page: document.documentElement.scrollWidth, screen: innerWidth })')

const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement?.getAttribute("href") ?? document.activeElement?.id ?? ""')

test.runIf(mayScreen)('an empty Home says so and shows the way to go live', async () => {
  const { page, report } = await open('/')
  await page.getByText('Nobody is live right now').waitFor()
  expect(await page.getByRole('link', { name: /Go live yourself/ }).getAttribute('href')).toBe('/live')
  expect(await axeFindings(page)).toEqual([])
  expect(await report()).toMatchObject({ violations: [], errors: [] })
})

test.runIf(mayScreen)('a stream that begins appears by itself, with a picture of its own that is renewed, and its picture counts as no viewer', async () => {
  const { page, report } = await open('/')
  await page.getByText('Nobody is live right now').waitFor()
  const playlists: Array<string> = []
  page.on('request', (request) => request.url().includes('.m3u8') && playlists.push(request.url()))
  await publish()
  await page.locator(`${card} .painted`).waitFor()
  const first = await until('the picture is the camera’s', () => labelOn(page), patience_ms)
  expect(first.frame).toBeLessThanOrEqual(published?.framesTaken() ?? 0)
  await until('the picture is renewed', async () => ((await labelOn(page))?.frame ?? 0) > first.frame || undefined, patience_ms)
  expect(playlists.length).toBeGreaterThan(0)
  expect(playlists.filter((url) => !url.endsWith('?viewer=none'))).toEqual([])
  expect(await page.locator(`${card} .cardTitle`).textContent()).toBe(title)
  expect(await report()).toMatchObject({ violations: [], errors: [] })
})

test.runIf(mayScreen)('nothing moves while Home and Watch are loaded, on a desktop and on a phone', async () => {
  await publish()
  for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
    const home = await open('/', { viewport })
    await home.page.locator(`${card} .painted`).waitFor()
    const watch = await open(`/watch/${id}`, { viewport })
    await until('the stream plays', () => evaluatesTo(watch.page, 'document.querySelector("video")?.currentTime > 1'), patience_ms)
    for (const [name, { report }] of Object.entries({ home, watch })) {
      const { shift, shifted, violations, errors } = await report()
      expect(shift, `${name}: ${shifted.join('\n')}`).toBeLessThanOrEqual(shift_max)
      expect({ violations, errors }, name).toEqual({ violations: [], errors: [] })
    }
  }
})

test.runIf(mayScreen)('somebody with a keyboard alone comes from Home to a stream and back', async () => {
  await publish()
  const { page } = await open('/')
  await page.locator(card).waitFor()
  const stations: Array<string> = []
  for (let presses = 0; presses < 4; presses++) {
    await page.keyboard.press('Tab')
    stations.push(await focused(page))
  }
  expect(stations).toEqual(['#main', '/', '/live', `/watch/${id}`])
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/watch/${id}`)
  expect(await focused(page)).toBe('main')
  await page.locator('.stage').waitFor()
  await page.goBack()
  await page.locator(card).waitFor()
})

test.runIf(mayScreen)('counts change as the server tells them, in figures and in words', async () => {
  let tell: ((message: object) => void) | undefined
  const stream = { id, title: 'Harbour', viewers: 1 }
  const { page } = await open('/', {}, (blank) => pretendStreams(blank, [stream], (send) => void (tell = send)))
  await page.getByRole('link', { name: /^Live 1 viewer Harbour / }).waitFor()
  tell?.({ type: 'viewerCount', recordingId: id, viewerCount: 1_234 })
  await page.getByRole('link', { name: /^Live 1234 viewers Harbour / }).waitFor()
  expect(await page.locator(`${card} .onPicture`).textContent()).toContain('1.2K')
  tell?.({ type: 'streamRemoved', recordingId: id })
  await page.getByText('Nobody is live right now').waitFor()
})

const strangeTitles = [
  '<img src=x onerror="globalThis.injected = true"><script>globalThis.injected = true</script>',
  'x'.repeat(10_000),
  'بث مباشر من السوق القديم في المدينة، كل يوم سبت منذ الصباح الباكر',
  '🦀🌊🎥'.repeat(60),
  '\u202Eright to left by force',
  'two\nlines\tand tabs',
]

test.runIf(mayScreen)('titles are text, whatever they say, and none breaks the page', async () => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 320, height: 640 }]) {
    const { page, report } = await open('/', { viewport }, (blank) => pretendStreams(blank, strangeTitles.map((strange, index) => ({ id: `strange-${index}`, title: strange, viewers: index }))))
    await page.locator('.card').nth(strangeTitles.length - 1).waitFor()
    const titles = await page.locator('.cardTitle').allTextContents()
    expect([...titles].sort()).toEqual([...strangeTitles].sort())
    expect(await page.evaluate('[globalThis.injected, document.querySelectorAll(".card :is(script, b)").length]')).toEqual([undefined, 0])
    const { page: wide, screen } = await widthOf(page)
    expect(wide, `at ${viewport.width}`).toBeLessThanOrEqual(screen)
    const heights = await page.evaluate<ReadonlyArray<number>>('[...document.querySelectorAll(".card")].map((card) => Math.round(card.getBoundingClientRect().height))')
    expect(new Set(heights).size).toBe(1)
    expect(await axeFindings(page)).toEqual([])
    expect(await report()).toMatchObject({ violations: [], errors: [] })
  }
})

test.runIf(mayScreen)('of hundreds of streams only those in sight ask for pictures', async () => {
  const many = Array.from({ length: 400 }, (_, index) => ({ id: `many-${index}`, viewers: 400 - index }))
  const asked = new Set<string>()
  const { page } = await open('/', {}, async (blank) => {
    await pretendStreams(blank, many)
    await blank.route(/\/live\//, (route) => {
      asked.add(route.request().url().split('/')[4] ?? '')
      return route.fulfill({ status: 503 })
    })
  })
  await page.locator('.card').nth(399).waitFor({ state: 'attached' })
  await until('pictures are asked for', async () => asked.size >= 6 || undefined, patience_ms)
  const inSight = await page.evaluate<ReadonlyArray<string>>(`[...document.querySelectorAll('.card')].filter((card) => card.getBoundingClientRect().top < innerHeight * 1.3).map((card) => card.getAttribute('href').split('/')[2])`)
  expect([...asked].filter((one) => !inSight.includes(one))).toEqual([])
  expect(inSight.length).toBeLessThan(20)
})

test.runIf(mayScreen)('a stream that ends leaves what is live and comes back as a recording with its poster', async () => {
  await (await publish()).stop()
  published = undefined
  const { page, report } = await open('/')
  const recording = page.locator(`[aria-label="Recordings"] ${card}`)
  await recording.waitFor({ timeout: 60_000 })
  await until('the poster is there', () => evaluatesTo(page, `document.querySelector(${JSON.stringify(`${card} img`)})?.naturalWidth > 0`), patience_ms)
  expect(await page.locator(`[aria-label="Live streams"] ${card}`).count()).toBe(0)
  expect(await recording.locator('.onPicture').textContent()).toMatch(/^\d+ (s|min)$/)
  expect(await report()).toMatchObject({ violations: [], errors: [] })
})

test.runIf(mayScreen).each(['light', 'dark'] as const)('axe finds nothing on Home and Watch, in the %s, on a phone', async (colorScheme) => {
  const live = { id: 'now', title: 'Live now', viewers: 3 }
  const back = { id: 'away', title: 'Away', state: 'reconnecting', publishing: false }
  const { page } = await open('/', { viewport: { width: 390, height: 844 }, colorScheme }, (blank) => pretendStreams(blank, [live, back, { id, title: 'Over', status: 'archived', endedAt: new Date().toISOString() }]))
  await page.locator(card).waitFor()
  expect(await axeFindings(page)).toEqual([])
  const { page: wide, screen } = await widthOf(page)
  expect(wide).toBeLessThanOrEqual(screen)
  const unknown = await open('/watch/nothing-here', { viewport: { width: 390, height: 844 }, colorScheme })
  await unknown.page.locator('.notice').waitFor()
  expect(await axeFindings(unknown.page)).toEqual([])
})
