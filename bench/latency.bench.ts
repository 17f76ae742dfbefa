/**
 * From the picture's own clock to its presentation by the Watch page in Chromium, pushed and by low-latency HLS. `recorder`:
 * another Chromium goes live by the page, 720p30, so that its MediaRecorder is in it. `frames`: the made-up camera of 720p30
 * gives each frame at once and has no sound, as cameras on a wall do. `BENCH_RUNS` (3) streams of `BENCH_SECONDS` (30) on each path; medians, and
 * all freezes. For five minutes on end: `BENCH_RUNS=1 BENCH_SECONDS=300`.
 */
import type { Browser } from 'playwright-core'
import { launchChromium, screen } from '../e2e/kit/chromium.ts'
import { launchWithCamera, openGoLive } from '../e2e/kit/goLive.ts'
import { pageCameraScript } from '../e2e/kit/pageCamera.ts'
import type { PlaybackSummary } from '../e2e/kit/playbackSummary.ts'
import { publishCamera } from '../e2e/kit/publishCamera.ts'
import { median } from '../e2e/kit/quantile.ts'
import { startPlatform } from './platform.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 3)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30)

interface Filming {
  readonly id: string
  readonly stop: () => Promise<unknown>
}

const bars = [
  { source: 'recorder', path: 'push', p50_wanted_max_ms: 400 },
  { source: 'recorder', path: 'hls', p50_wanted_max_ms: 950 },
  { source: 'frames', path: 'push', p50_wanted_max_ms: 200 },
] as const

type Bar = (typeof bars)[number]

const goLive = async (url: string): Promise<Filming> => {
  const browser: Browser = await launchWithCamera()
  const page = await openGoLive(browser, url, { prepare: pageCameraScript({ width: 1280, height: 720, fps: 30 }) })
  const id = await page.start('Latency')
  return { id, stop: () => page.end().finally(() => browser.close()) }
}

const filmByFrames = async (url: string): Promise<Filming> => {
  const { publisher, stop } = await publishCamera(url, { camera: { chunk_ms: 0, audio: false }, stream: { title: 'Latency' } })
  return { id: publisher.recordingId, stop }
}

const measure = async (url: string, { source, path }: Bar): Promise<PlaybackSummary> => {
  const filming = await (source === 'recorder' ? goLive(url) : filmByFrames(url))
  const browser = await launchChromium()
  try {
    return await screen(browser, { page: `${url}/watch/${filming.id}${path === 'hls' ? '?path=hls' : ''}`, for_ms: seconds * 1000 })
  } finally {
    await browser.close()
    await filming.stop()
  }
}

const platform = await startPlatform()
try {
  for (const bar of bars) {
    const summaries: Array<PlaybackSummary> = []
    for (let run = 0; run < runs; run++) summaries.push(await measure(platform.url, bar))
    const middle = (figure: (summary: PlaybackSummary) => number | undefined): number | undefined => median(summaries.flatMap((summary) => figure(summary) ?? []))
    printResult('latency', {
      ...bar,
      runs,
      p50_ms: middle(({ latency_p50_ms }) => latency_p50_ms),
      p95_ms: middle(({ latency_p95_ms }) => latency_p95_ms),
      firstPicture_ms: middle(({ firstPicture_ms }) => firstPicture_ms),
      freeze_wanted_max_ms: 500,
      freezes_ms: summaries.flatMap(({ freezes_ms }) => freezes_ms),
      unreadable: summaries.reduce((sum, { unreadable }) => sum + unreadable, 0),
      each_p50_ms: summaries.map(({ latency_p50_ms }) => latency_p50_ms),
    })
  }
} finally {
  await platform.stop()
}
