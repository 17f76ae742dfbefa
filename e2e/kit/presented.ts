/** What a browser page presented of any video, with or without labels: each picture's size and time, and how playback went. */
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'

/** A presented picture. */
export interface Presented {
  /** ms since 1970. */
  readonly at_ms: number
  readonly width: number
  readonly height: number
  /** The player's own time of it. */
  readonly media_s: number
}

/** How playback stood, four times a second. */
export interface Moment {
  readonly at_ms: number
  readonly position_s: number
  readonly ahead_s: number
  readonly rate: number
  readonly paused: boolean
  readonly ready: number
  /** Bytes of sound decoded so far. */
  readonly sound: number
  /** Behind live, as hls.js sees it; only on the bare page. */
  readonly latency_s: number | undefined
  readonly muted: boolean
}

/** All that was seen. */
export interface Presentation {
  readonly pictures: ReadonlyArray<Presented>
  readonly moments: ReadonlyArray<Moment>
  /** `[ms since 1970, what]`. */
  readonly notes: ReadonlyArray<readonly [number, string]>
}

const watcher = `(() => {
  const seen = { pictures: [], moments: [], notes: [] }
  const now = () => performance.timeOrigin + performance.now()
  const note = (text) => seen.notes.push([now(), text])
  globalThis.millracePresented = { take: () => seen, note }
  const watch = (video) => {
    for (const name of ['waiting', 'playing', 'pause', 'ended', 'error', 'resize', 'seeking', 'stalled']) video.addEventListener(name, () => note(name))
    const look = (_, { width, height, mediaTime }) => {
      video.requestVideoFrameCallback(look)
      seen.pictures.push({ at_ms: now(), width, height, media_s: mediaTime })
    }
    video.requestVideoFrameCallback(look)
    setInterval(() => {
      let ahead = 0
      for (let i = 0; i < video.buffered.length; i++) if (video.buffered.start(i) <= video.currentTime + 0.1) ahead = Math.max(ahead, video.buffered.end(i) - video.currentTime)
      seen.moments.push({ at_ms: now(), position_s: video.currentTime, ahead_s: ahead, rate: video.playbackRate, paused: video.paused, ready: video.readyState,
        sound: video.webkitAudioDecodedByteCount, latency_s: globalThis.hls && globalThis.hls.latency, muted: video.muted })
    }, 250)
  }
  const find = () => { const video = document.querySelector('video'); video ? watch(video) : requestAnimationFrame(find) }
  find()
})()`

const hlsScript = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js')

/** A page that plays and is watched. */
export interface PresentedPage {
  readonly page: Page
  readonly take: () => Promise<Presentation>
  readonly close: () => Promise<Presentation>
}

/** Opens a page with a video of its own (an address), or a playlist that hls.js plays on a bare page. */
export const present = async (
  browser: Browser,
  what: string | { readonly playlist: string; readonly hlsConfig?: object },
  viewport = { width: 1280, height: 800 },
): Promise<PresentedPage> => {
  const context = await browser.newContext({ viewport, bypassCSP: true })
  const page = await context.newPage()
  await page.addInitScript({ content: watcher })
  if (typeof what === 'string') await page.goto(what)
  else {
    const address = new URL('/bare-player', what.playlist).href
    await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><meta charset="utf-8"><video playsinline style="width:640px"></video>' }))
    await page.goto(address)
    await page.addScriptTag({ path: hlsScript })
    await page.evaluate(`(() => {
      const video = document.querySelector('video')
      const hls = globalThis.hls = new Hls(${JSON.stringify(what.hlsConfig ?? {})})
      hls.on(Hls.Events.ERROR, (_, error) => globalThis.millracePresented.note((error.fatal ? 'fatal ' : 'hls ') + error.details + ' ' + (error.reason || (error.error && error.error.message) || '')))
      hls.loadSource(${JSON.stringify(what.playlist)})
      hls.attachMedia(video)
      video.play()
    })()`)
  }
  const take = (): Promise<Presentation> => page.evaluate('globalThis.millracePresented.take()')
  return {
    page,
    take,
    close: async () => {
      const seen = await take()
      await context.close()
      return seen
    },
  }
}
