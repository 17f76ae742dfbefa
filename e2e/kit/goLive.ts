/** A person who goes live: the page `/live` in a real Chromium, used as people use it, and what the browser recorded and the edge acknowledged. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'

/** Starts a browser with a made-up camera and microphone; `allowed`: without asking whether they may be used. */
export const launchWithCamera = ({ allowed = true, cameras = 1 }: { readonly allowed?: boolean; readonly cameras?: number } = {}): Promise<Browser> =>
  launchChromium([`--use-fake-device-for-media-stream=fps=30,device-count=${cameras}`, ...(allowed ? ['--use-fake-ui-for-media-stream'] : [])])

/** Keeps what recorders of a page give, before the page sees it. */
const keepRecorded = `(() => {
  const recorded = { chunks: [], recorders: 0 }
  globalThis.millraceRecorded = recorded
  const Recorder = globalThis.MediaRecorder
  globalThis.MediaRecorder = class extends Recorder {
    constructor(...given) {
      super(...given)
      recorded.recorders++
      this.addEventListener('dataavailable', ({ data }) => {
        if (data.size > 0) recorded.chunks.push(data)
      })
    }
  }
})()`

const bytesAsText = `new Blob(globalThis.millraceRecorded.chunks).arrayBuffer().then((bytes) => {
  let text = ''
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte)
  return text
})`

/** What recorders gave so far. */
export interface Recorded {
  readonly chunks: number
  readonly bytes: number
  readonly recorders: number
}

/** What the edge acknowledged, over all epochs. */
export interface Acknowledged {
  readonly chunks: number
  readonly bytes: number
  readonly epochs: number
}

/** The page, opened. */
export interface GoLivePage {
  readonly page: Page
  readonly context: BrowserContext
  /** Waits for the camera's picture, and presses the button. Gives the stream's id. */
  readonly start: (title?: string) => Promise<string>
  readonly id: () => Promise<string>
  readonly isLive: () => Promise<void>
  /** Ends the stream by the button and the question behind it. */
  readonly end: () => Promise<void>
  readonly recorded: () => Promise<Recorded>
  /** All bytes that recorders gave, as one. */
  readonly recordedBytes: () => Promise<Uint8Array>
  readonly acknowledged: () => Acknowledged
}

/** Reads the acks off a page's sockets: the newest of each epoch counts all before it. */
const followAcks = (page: Page): (() => Acknowledged) => {
  const newest: Array<{ seq: number; bytes: number }> = []
  page.on('websocket', (socket) => {
    if (!socket.url().endsWith('/ws/stream')) return
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(String(payload)) as { type: string; seq: number; bytes: number }
      if (message.type === 'started') newest.push({ seq: -1, bytes: 0 })
      if (message.type === 'ack') newest[newest.length - 1] = message
    })
  })
  return () => ({
    epochs: newest.length,
    chunks: newest.reduce((sum, { seq }) => sum + seq + 1, 0),
    bytes: newest.reduce((sum, { bytes }) => sum + bytes, 0),
  })
}

/** Opens `/live` at an edge, or through a proxy in front of one. `prepare` runs in the page before anything of it does. */
export const openGoLive = async (
  browser: Browser,
  edge: string,
  { prepare = '', viewport = { width: 1280, height: 800 } }: { readonly prepare?: string; readonly viewport?: { readonly width: number; readonly height: number } } = {},
): Promise<GoLivePage> => {
  const context = await browser.newContext({ viewport })
  const page = await context.newPage()
  await page.addInitScript({ content: `${keepRecorded};\n${prepare}` })
  const acknowledged = followAcks(page)
  await page.goto(new URL('/live', edge).href)
  const isLive = async (): Promise<void> => void (await page.locator('.onAir .badge.live').waitFor({ timeout: 30_000 }))
  const id = async (): Promise<string> => (await page.getByLabel('Link to the stream').inputValue()).split('/').at(-1) ?? ''
  return {
    page,
    context,
    isLive,
    id,
    acknowledged,
    start: async (title) => {
      if (title !== undefined) await page.getByLabel('Title').fill(title)
      await page.getByRole('button', { name: 'Go live' }).click({ timeout: 30_000 })
      await isLive()
      return id()
    },
    end: async () => {
      await page.getByRole('button', { name: 'End stream' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'End stream' }).click()
      await page.getByText('Your stream has ended').waitFor({ timeout: 60_000 })
    },
    recorded: () => page.evaluate('(({ chunks, recorders }) => ({ chunks: chunks.length, bytes: new Blob(chunks).size, recorders }))(globalThis.millraceRecorded)'),
    recordedBytes: async () => Buffer.from(await page.evaluate<string>(bytesAsText), 'latin1'),
  }
}
