import type { Page } from 'playwright-core'
import { PATIENCE_MS, type Scene, seen } from './Scene.ts'

const live = (): string => '/live'
const title = 'Building a cello, day 12'

const allowDevices = (page: Page): Promise<void> => page.context().grantPermissions(['camera', 'microphone'])

/** Devices answer with that error. */
const failing = (name: string) => async (page: Page): Promise<void> => {
  await page.addInitScript(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '${name}'))`)
}

const goLive = async (page: Page): Promise<void> => {
  await page.getByLabel('Title').fill(title)
  await page.getByRole('button', { name: 'Go live', exact: true }).click({ timeout: PATIENCE_MS })
  await seen(page, '.onAir .badge.live')
  await page.getByText('Stored as you go').first().waitFor({ timeout: PATIENCE_MS })
}

const askToEnd = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'End stream' }).click()
  await page.getByRole('dialog').waitFor({ timeout: PATIENCE_MS })
}

/** Sockets that are made to close, and refused from then on, once a page is live; then the page says `words`. */
const losing = (code: number, words: string): Pick<Scene, 'before' | 'settled'> => {
  const leave = new WeakMap<Page, () => Promise<unknown>>()
  return {
    before: async (page) => {
      await allowDevices(page)
      let isGone = false
      await page.routeWebSocket(/\/ws\/stream/, (socket) => {
        if (isGone) return void socket.close({ code })
        socket.connectToServer()
        leave.set(page, () => {
          isGone = true
          return socket.close({ code })
        })
      })
    },
    settled: async (page) => {
      await goLive(page)
      await leave.get(page)?.()
      await page.getByText(words).waitFor({ timeout: PATIENCE_MS })
    },
  }
}

/** States of the page that goes live. */
export const liveScenes: ReadonlyArray<Scene> = [
  { name: 'live-setup', arrange: live, before: allowDevices, settled: (page) => seen(page, '.preview video:not([hidden])').then(() => page.getByRole('button', { name: 'Go live', exact: true }).click({ trial: true, timeout: PATIENCE_MS })) },
  { name: 'live-refused', arrange: live, before: failing('NotAllowedError'), settled: (page) => page.getByText('does not let this page').first().waitFor({ timeout: PATIENCE_MS }) },
  { name: 'live-missing', arrange: live, before: failing('NotFoundError'), settled: (page) => page.getByText('There is no camera').first().waitFor({ timeout: PATIENCE_MS }) },
  {
    name: 'live-unsupported',
    arrange: live,
    before: async (page) => {
      await allowDevices(page)
      await page.addInitScript('MediaRecorder.isTypeSupported = () => false')
    },
    settled: (page) => page.getByText('cannot record').first().waitFor({ timeout: PATIENCE_MS }),
  },
  { name: 'live-on-air', arrange: live, before: allowDevices, settled: goLive },
  {
    name: 'live-devices',
    arrange: live,
    before: allowDevices,
    settled: async (page) => {
      await goLive(page)
      await page.getByText('Devices and quality').click()
      await page.getByText('Devices and quality').scrollIntoViewIfNeeded()
    },
  },
  { name: 'live-reconnecting', arrange: live, ...losing(1012, 'The connection is lost') },
  { name: 'live-taken', arrange: live, ...losing(4409, 'The stream goes on elsewhere') },
  {
    name: 'live-end',
    arrange: live,
    before: allowDevices,
    settled: async (page) => {
      await goLive(page)
      await askToEnd(page)
    },
  },
  {
    name: 'live-ended',
    arrange: live,
    before: allowDevices,
    settled: async (page) => {
      await goLive(page)
      await askToEnd(page)
      await page.getByRole('dialog').getByRole('button', { name: 'End stream' }).click()
      await page.getByText('Your stream has ended').waitFor({ timeout: PATIENCE_MS })
    },
  },
  {
    name: 'live-continue',
    arrange: live,
    before: allowDevices,
    settled: async (page) => {
      await goLive(page)
      page.on('dialog', (dialog) => dialog.accept())
      await page.reload()
      await page.getByText('You are still live').waitFor({ timeout: PATIENCE_MS })
      await page.getByRole('button', { name: 'Continue the stream' }).click({ trial: true, timeout: PATIENCE_MS })
    },
  },
]
