import type { Page } from 'playwright-core'
import { until } from '../../actors/archive/testing/until.ts'
import { pretendAway, pretendStreams } from '../kit/pretend.ts'
import { PATIENCE_MS, type Scene, seen } from './Scene.ts'

const watch = (id: string): string => `/watch/${id}`

/** Resolves when the picture moves, and with the pointer on it so that the controls show. */
const playing = async (page: Page): Promise<void> => {
  await until('the picture moves', async () => (await page.evaluate('document.querySelector("video")?.currentTime > 0.5 && document.querySelector("video").readyState > 2')) === true || undefined, PATIENCE_MS)
  await page.locator('.stage').hover()
}

/** States of Watch while a camera is live. */
export const watchScenes: ReadonlyArray<Scene> = [
  { name: 'watch-live', arrange: async (world) => watch(await world.live('workshop', 'Building a cello, day 12', 95)), settled: playing },
  {
    name: 'watch-settings',
    arrange: async (world) => watch(await world.live('workshop', 'Building a cello, day 12', 95)),
    settled: async (page) => {
      await playing(page)
      await page.getByRole('button', { name: 'Settings' }).click()
      await seen(page, '.settingsPanel')
    },
  },
  {
    name: 'watch-keys',
    arrange: async (world) => watch(await world.live('workshop', 'Building a cello, day 12', 95)),
    settled: async (page) => {
      await playing(page)
      await page.keyboard.press('?')
      await seen(page, '.shortcuts')
    },
  },
  {
    name: 'watch-waiting',
    arrange: () => watch('waiting'),
    before: (page) => pretendStreams(page, [{ id: 'waiting', title: 'Choir rehearsal', state: 'waiting', renditions: [] }]),
    settled: (page) => seen(page, '.notice'),
  },
  { name: 'watch-unknown', arrange: () => watch('not-begun-yet'), settled: (page) => page.getByText('There is no stream here yet').waitFor({ timeout: PATIENCE_MS }) },
  { name: 'watch-unreachable', arrange: () => watch('workshop'), before: pretendAway, settled: (page) => seen(page, '.notice.bad') },
  {
    name: 'watch-failed',
    arrange: () => watch('failed'),
    before: (page) => pretendStreams(page, [{ id: 'failed', title: 'A stream that could not be encoded', status: 'failed', reason: 'FFmpeg ended five times within a minute without giving a picture.' }]),
    settled: (page) => seen(page, '.notice.bad'),
  },
  {
    name: 'watch-ended',
    arrange: () => watch('ended'),
    before: (page) => pretendStreams(page, [{ id: 'ended', title: 'Quarter-final: the second half', status: 'ended' }]),
    settled: (page) => seen(page, '.notice'),
  },
]

/** States of Watch when the recording is there. */
export const recordedWatchScenes: ReadonlyArray<Scene> = [{ name: 'watch-recording', arrange: () => watch('harbour'), settled: playing }]
