/** Somebody at the Watch page: what it shows, says and plays, with each presented picture's label read. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { until } from '../../actors/archive/testing/until.ts'
import { pictureWatcher, takeReport } from './chromium.ts'
import { moving, type ShownPicture } from './pictures.ts'

/** A way of playing, as the page names it. */
export type PagePath = 'push' | 'hls'

/** An open Watch page. */
export interface WatchPage {
  readonly page: Page
  /** Waits until pictures that can be read are shown, on that way where one is named, and gives the last of them. */
  readonly shows: (path?: PagePath, deadline_ms?: number) => Promise<ShownPicture>
  /** Waits for words in the place of the picture. */
  readonly says: (title: string, deadline_ms?: number) => Promise<void>
  /** All pictures so far, in the order in which they were shown. */
  readonly pictures: () => Promise<ReadonlyArray<ShownPicture>>
  /** What went wrong in the page's own code. */
  readonly defects: ReadonlyArray<string>
}

/** Opens a stream's page; `prepare` may stand between the page and the platform. */
export const openWatchPage = async (browser: Browser, address: string, options: BrowserContextOptions = {}, prepare?: (page: Page) => Promise<void>): Promise<WatchPage> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true, ...options })
  const page = await context.newPage()
  const defects: Array<string> = []
  page.on('pageerror', (error) => defects.push(error.message))
  await page.addInitScript({ content: pictureWatcher })
  await prepare?.(page)
  await page.goto(address)
  const seen: Array<ShownPicture> = []
  const take = async (): Promise<ReadonlyArray<ShownPicture>> => {
    const { pictures } = await takeReport(page)
    seen.push(...pictures)
    return pictures
  }
  const pathNow = (): Promise<string | null> => page.getAttribute('.stage', 'data-path')
  return {
    page,
    defects,
    pictures: async () => {
      await take()
      return seen
    },
    shows: async (path, deadline_ms = 30_000) => {
      let shown = 0
      await take()
      return until(
        `pictures move${path === undefined ? '' : ` by ${path}`}`,
        async () => {
          const before = await pathNow()
          const pictures = await take()
          shown = path === undefined || (before === path && (await pathNow()) === path) ? shown + pictures.length : 0
          return shown >= moving ? seen.at(-1) : undefined
        },
        deadline_ms,
      )
    },
    says: async (title, deadline_ms = 30_000) => {
      await page.locator('.notice strong', { hasText: title }).waitFor({ timeout: deadline_ms })
    },
  }
}
