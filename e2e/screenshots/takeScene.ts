import { join } from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import type { Scene } from './Scene.ts'
import type { World } from './World.ts'

/** The screens that each scene is looked at on. */
const screens = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
} satisfies Readonly<Record<string, BrowserContextOptions>>

const schemes = ['light', 'dark'] as const

/** Takes a scene on each screen, light and dark, into `name.screen.scheme.png`. Rejects when a state does not come about. */
export const takeScene = async (browser: Browser, world: World, scene: Scene, folder: string): Promise<void> => {
  const path = await scene.arrange(world)
  for (const [screen, options] of Object.entries(screens)) {
    for (const colorScheme of schemes) {
      const context = await browser.newContext({ ...options, colorScheme })
      try {
        const page = await context.newPage()
        await scene.before?.(page, world)
        await page.goto(`${world.url}${path}`)
        await scene.settled(page, world)
        await page.screenshot({ path: join(folder, `${scene.name}.${screen}.${colorScheme}.png`), animations: 'disabled' })
      } catch (cause) {
        throw new Error(`${scene.name} on a ${screen}, ${colorScheme}, did not come about`, { cause })
      } finally {
        await context.close()
      }
    }
  }
}
