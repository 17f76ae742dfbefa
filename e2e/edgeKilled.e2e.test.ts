import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { decodeCapture } from './kit/comparison.ts'
import { decodeFrames } from './kit/decode.ts'
import { launchWithCamera, openGoLive } from './kit/goLive.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { pageCameraScript } from './kit/pageCamera.ts'
import { type Proxy, startProxy } from './kit/proxy.ts'
import { readRecording } from './kit/watching.ts'
import { openWatchPage } from './kit/watchPage.ts'

const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const platform = usePlatform()
let doomed: PlatformNode
let other: PlatformNode
/** The one address that people have, of whichever edge answers there. */
let balancer: Proxy
let browsers: readonly [Browser, Browser] | undefined

beforeAll(async () => {
  if (!mayScreen) return
  const launching = Promise.all([launchWithCamera(), launchChromium()])
  ;[doomed, other] = await Promise.all([
    platform.start({ name: 'doomed', roles: 'edge' }),
    platform.start({ name: 'other', roles: 'edge' }),
    platform.start({ name: 'actors', roles: 'actors,archive' }),
  ])
  let isDoomedThere = true
  void doomed.exited.then(() => (isDoomedThere = false))
  balancer = await startProxy({ to: () => ({ host: '127.0.0.1', port: Number(new URL((isDoomedThere ? doomed : other).url).port) }) })
  browsers = await launching
})

afterAll(async () => {
  await Promise.all(browsers?.map((browser) => browser.close()) ?? [])
  await balancer?.close()
})

test.runIf(mayScreen)('an edge that is killed takes neither its publisher nor its viewers along: both pages go on at another, and every picture is in the recording', async () => {
  if (browsers === undefined) throw new Error('there is no Chromium')
  const [filming, watching] = browsers
  const address = balancer.through(doomed.url)
  const live = await openGoLive(filming, address, { prepare: pageCameraScript({ width: 640, height: 360, fps: 20 }) })
  const id = await live.start('Two edges')
  const page = new URL(`/watch/${id}`, address).href
  const pushed = await openWatchPage(watching, page)
  const polled = await openWatchPage(watching, `${page}?path=hls`)
  const before = [await pushed.shows('push'), await polled.shows('hls')]

  doomed.signal('SIGKILL')
  await doomed.exited
  const killed_ms = Date.now()
  for (const [index, viewer] of [pushed, polled].entries()) {
    const after = await viewer.shows(undefined, 60_000)
    expect(after.frame).toBeGreaterThan(before[index]?.frame ?? 0)
    await until('pictures that were taken afterwards', async () => (((await viewer.pictures()).at(-1)?.taken_ms ?? 0) > killed_ms + 2_000 ? true : undefined), 60_000)
    expect(viewer.defects).toEqual([])
  }
  await live.isLive()
  await live.page.getByText('Stored as you go').waitFor()
  expect(await live.id()).toBe(id)
  await live.end()

  const { chunks, bytes, recorders } = await live.recorded()
  expect({ ...live.acknowledged(), recorders }).toEqual({ chunks, bytes, recorders: 1, epochs: 1 })
  const source = (await readRecording(other.url, id)).get('source')
  if (source === undefined) throw new Error('there is no picture')
  const [recording, recorded] = await Promise.all([decodeCapture(source), live.recordedBytes().then((given) => decodeFrames([given]))])
  expect(recorded.frames.length).toBeGreaterThan(50)
  expect(recording.frames.map(({ md5 }) => md5)).toEqual(recorded.frames.map(({ md5 }) => md5))
  expect(await (await fetch(`${other.url}/api/streams/${id}`)).json()).toMatchObject({ losses: [], discontinuities: 0 })
})
