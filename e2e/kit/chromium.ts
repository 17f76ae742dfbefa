/**
 * A viewer with a screen: Chromium plays a stream, by hls.js on a bare page or on a page with a player of its own, and
 * every presented picture's label is read.
 */
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { labelReaderSource, stripSize } from './label.ts'
import { type PictureReport, type ShownPicture, watchPictures } from './pictures.ts'
import { type PlaybackSummary, summarize } from './playbackSummary.ts'

/** Where Chromium is: `CHROMIUM_PATH`, else Debian's place. */
export const chromiumPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
]

/** Starts a headless Chromium. Rejects when there is none at `chromiumPath`. */
export const launchChromium = (extraFlags: ReadonlyArray<string> = []): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath, headless: true, args: [...flags, ...extraFlags] })

/** What Chromium is to play. */
export interface Screening {
  /** A page with a `<video>` of its own, or a playlist that hls.js plays on a bare page. */
  readonly page: string | { readonly playlist: string; readonly hlsConfig?: object }
  /** Time measured, from the first picture on, in ms. */
  readonly for_ms: number
  /** Left out of the latency figures at the beginning, in ms; default 5,000. */
  readonly warmup_ms?: number
  /** How long the first picture may take, in ms; default 20,000. */
  readonly patience_ms?: number
  /** Called about once a second with what has been shown since. */
  readonly onProgress?: (pictures: ReadonlyArray<ShownPicture>) => void
  readonly signal?: AbortSignal
}

const barePage = '<!doctype html><meta charset="utf-8"><video muted playsinline style="width:640px"></video>'
const hlsScript = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js')

/** Plays on a page that has hls.js and a video element and nothing else, at the playlist's own origin. */
const playOnBarePage = async (page: Page, playlist: string, hlsConfig: object): Promise<void> => {
  const address = new URL('/bare-player', playlist).href
  await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body: barePage }))
  await page.goto(address)
  await page.addScriptTag({ path: hlsScript })
  await page.evaluate(
    `(() => {
      const video = document.querySelector('video')
      const hls = new Hls(${JSON.stringify(hlsConfig)})
      hls.on(Hls.Events.ERROR, (_, error) => globalThis.millracePictures.note((error.fatal ? 'fatal ' : 'hls ') + error.details))
      hls.loadSource(${JSON.stringify(playlist)})
      hls.attachMedia(video)
      video.play()
    })()`,
  )
}

/** Takes what the page has seen since the last time. */
export const takeReport = (page: Page): Promise<PictureReport> => page.evaluate('globalThis.millracePictures.take()')

const gather = async (page: Page, screening: Screening): Promise<{ pictures: Array<ShownPicture>; unreadable: number; notes: Array<string> }> => {
  const gathered = { pictures: [] as Array<ShownPicture>, unreadable: 0, notes: [] as Array<string> }
  let until_ms = Date.now() + (screening.patience_ms ?? 20_000)
  while (Date.now() < until_ms && screening.signal?.aborted !== true) {
    await delay(Math.min(1_000, Math.max(50, until_ms - Date.now())))
    const report = await takeReport(page)
    const [first] = report.pictures
    if (gathered.pictures.length === 0 && first !== undefined) until_ms = first.shown_ms + screening.for_ms
    gathered.pictures.push(...report.pictures)
    gathered.unreadable += report.unreadable
    gathered.notes.push(...report.notes)
    screening.onProgress?.(report.pictures)
  }
  return gathered
}

/** What a page needs to read the label of each picture that its video presents; asked with `takeReport`. */
export const pictureWatcher = `(() => {\n${labelReaderSource}\n(${watchPictures.toString()})(readLabel, ${JSON.stringify(stripSize)})\n})()`

/** Plays and measures. The pictures' clock and this machine's must be the same one. */
export const screen = async (browser: Browser, screening: Screening): Promise<PlaybackSummary> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true })
  try {
    const page = await context.newPage()
    await page.addInitScript({ content: pictureWatcher })
    const opened_ms = Date.now()
    if (typeof screening.page === 'string') await page.goto(screening.page)
    else await playOnBarePage(page, screening.page.playlist, screening.page.hlsConfig ?? {})
    const { pictures, unreadable, notes } = await gather(page, screening)
    return summarize({ pictures, unreadable, notes, opened_ms, closed_ms: Date.now(), warmup_ms: screening.warmup_ms ?? 5_000 })
  } finally {
    await context.close()
  }
}
