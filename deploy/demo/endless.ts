/** The second part of the demo: a stream without an end, watched over HTTP and in a real browser. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { CameraOptions } from '../../e2e/kit/camera.ts'
import { chromiumPath, launchChromium, screen } from '../../e2e/kit/chromium.ts'
import { type PublishedCamera, publishCamera } from '../../e2e/kit/publishCamera.ts'
import { watchLive } from './liveViewer.ts'
import { reportLine } from './reportLine.ts'
import { say, seconds } from './terminal.ts'

const report_ms = 5_000
const screening_ms = 20_000
/** The stream has to end before the platform is stopped. */
const stopWithin_ms = 5_000

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))

const showInChromium = async (page: string, signal: AbortSignal): Promise<void> => {
  if (!existsSync(chromiumPath)) return say(`Chromium  is not here (${chromiumPath}); the Watch page was not measured.`)
  say('Chromium  opens the Watch page and measures for 20 s.')
  const browser = await launchChromium()
  try {
    const shown = await screen(browser, { page, for_ms: screening_ms, signal })
    if (signal.aborted) return
    const { length } = shown.freezes_ms
    const freezes = length === 0 ? 'no freeze' : length === 1 ? 'one freeze' : `${length} freezes`
    say(`Chromium  ${shown.pictures} pictures, ${freezes}, ${seconds(shown.latency_p50_ms)} from the picture's clock to the screen (half of them), ${seconds(shown.latency_p95_ms)} (95 %).`)
  } finally {
    await browser.close()
  }
}

const reportUntilAborted = async (published: PublishedCamera, viewer: ReturnType<typeof watchLive>, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await Promise.race([delay(report_ms), untilAborted(signal), published.finished])
    if (signal.aborted) return
    say(reportLine(published, viewer))
  }
}

/** Publishes until the signal comes (or, with `once`, until Chromium has measured), then ends the stream. */
export const showEndless = async (platform: string, camera: CameraOptions, once: boolean, signal: AbortSignal): Promise<void> => {
  const published = await publishCamera(platform, { camera, stream: { title: 'Demo, live' } })
  const page = `${platform}/watch/${published.publisher.recordingId}`
  say(`Watch it: ${page}`)
  say(`All that is live: ${platform}/`)
  const viewing = new AbortController()
  const over = AbortSignal.any([signal, viewing.signal])
  const viewer = watchLive(`${platform}/live/${published.publisher.recordingId}/index.m3u8`, { signal: over, keepsFrames: false })
  viewer.finished.catch((error: unknown) => say(`The viewer over HTTP gave up: ${String(error)}`))
  try {
    const screening = showInChromium(page, over).then(() => (once ? viewing.abort() : undefined))
    await Promise.all([screening, reportUntilAborted(published, viewer, over)])
  } finally {
    viewing.abort()
    const ended = await Promise.race([published.stop().catch(String), delay(stopWithin_ms, 'late')])
    if (typeof ended === 'string') say('The stream could not be ended in an orderly way; its reconnect window ends it.')
    published.abandon()
  }
}
