/**
 * From the picture's own clock to its presentation by the Watch page in Chromium: a 720p30 H.264 camera in chunks of
 * 100 ms through the real ingest. `BENCH_RUNS` (3) streams of `BENCH_SECONDS` (30) each, the medians are printed.
 */
import { launchChromium, screen } from '../e2e/kit/chromium.ts'
import type { PlaybackSummary } from '../e2e/kit/playbackSummary.ts'
import { publishCamera } from '../e2e/kit/publishCamera.ts'
import { median } from '../e2e/kit/quantile.ts'
import { startPlatform } from './platform.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 3)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30)
const chunk_ms = Number(process.env['BENCH_CHUNK_MS'] ?? 100)

const measure = async (url: string): Promise<PlaybackSummary> => {
  const published = await publishCamera(url, { camera: { chunk_ms }, stream: { title: 'Latency' } })
  const browser = await launchChromium()
  try {
    return await screen(browser, { page: `${url}/watch/${published.publisher.recordingId}`, for_ms: seconds * 1000 })
  } finally {
    await browser.close()
    await published.stop()
  }
}

const medianOf = (summaries: ReadonlyArray<PlaybackSummary>, figure: (summary: PlaybackSummary) => number | undefined): number | undefined =>
  median(summaries.flatMap((summary) => figure(summary) ?? []))

const platform = await startPlatform()
try {
  const summaries: Array<PlaybackSummary> = []
  for (let run = 0; run < runs; run++) summaries.push(await measure(platform.url))
  printResult('latency', {
    runs,
    chunk_ms,
    p50_ms: medianOf(summaries, ({ latency_p50_ms }) => latency_p50_ms),
    p50_wanted_max_ms: 950,
    p95_ms: medianOf(summaries, ({ latency_p95_ms }) => latency_p95_ms),
    firstPicture_ms: medianOf(summaries, ({ firstPicture_ms }) => firstPicture_ms),
    freezes: summaries.reduce((sum, { freezes_ms }) => sum + freezes_ms.length, 0),
    unreadable: summaries.reduce((sum, { unreadable }) => sum + unreadable, 0),
    each_p50_ms: summaries.map(({ latency_p50_ms }) => latency_p50_ms),
  })
} finally {
  await platform.stop()
}
