import type { Page } from 'playwright-core'
import type { World } from './World.ts'

/** One page in one state. A scene finds what those before it in the table have left. */
export interface Scene {
  /** Becomes the name of its files: page, then state. */
  readonly name: string
  /** Brings about what is to be seen; resolves to the path of the page. */
  readonly arrange: (world: World) => string | Promise<string>
  /** Done to the page before it is opened, for instance answers in place of the server's. */
  readonly before?: (page: Page, world: World) => Promise<void>
  /** What somebody does on the page; resolves when there is to be seen what is meant. */
  readonly settled: (page: Page, world: World) => Promise<void>
}

/** Longest wait for anything on a page. */
export const PATIENCE_MS = 30_000

/** Resolves when something of the page can be seen. */
export const seen = async (page: Page, selector: string): Promise<void> => {
  await page.locator(selector).first().waitFor({ timeout: PATIENCE_MS })
}

/** Resolves when everything that is named can be seen; a phone may have to scroll there and back. */
export const seenAll = async (page: Page, selectors: ReadonlyArray<string>): Promise<void> => {
  for (const selector of selectors) {
    await page.locator(selector).first().scrollIntoViewIfNeeded({ timeout: PATIENCE_MS })
    await seen(page, selector)
  }
  await page.evaluate('scrollTo(0, 0)')
}
