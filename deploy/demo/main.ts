/**
 * The demo's own publisher and viewers, in front of the platform at `MILLRACE_URL`: first a stream that ends and is
 * counted in the archive, then one that stays up until Ctrl-C. `--once` ends when both have been measured.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { captionFilter } from '../../e2e/kit/caption.ts'
import type { CameraOptions } from '../../e2e/kit/camera.ts'
import { showEndless } from './endless.ts'
import { showRecorded } from './recorded.ts'
import { heading, say } from './terminal.ts'

const platform = (process.env['MILLRACE_URL'] ?? 'http://127.0.0.1:8080').replace(/\/$/, '')
const once = process.argv.includes('--once')
const height = 720
const recorded_s = 20
const readyWithin_ms = 60_000

const caption = captionFilter(height)
const camera: CameraOptions = { width: 1280, height, fps: 30, codec: 'h264', ...(caption === undefined ? {} : { filter: caption }) }

const untilReady = async (signal: AbortSignal): Promise<void> => {
  for (const deadline_ms = performance.now() + readyWithin_ms; ; await delay(200, undefined, { signal })) {
    const answer = await fetch(`${platform}/ready`).catch((error: Error) => error)
    if (answer instanceof Response && answer.ok) return
    const why = answer instanceof Response ? `it answers ${answer.status}: ${await answer.text()}` : answer.message
    if (performance.now() > deadline_ms) throw new Error(`${platform} is not ready: ${why}`)
  }
}

const run = async (signal: AbortSignal): Promise<number> => {
  await untilReady(signal)
  heading(`1. A generated camera, recorded: ${recorded_s} s, 1280 × ${height}, 30 frames a second, H.264 and Opus in chunks of 100 ms`)
  const isWhole = await showRecorded(platform, camera, recorded_s * 30, signal)
  heading(once ? '2. The same camera, live' : '2. The same camera, live until Ctrl-C')
  await showEndless(platform, camera, once, signal)
  if (!isWhole) say('Frames were lost; the counts stand above.')
  return isWhole ? 0 : 1
}

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopping.abort())
try {
  process.exitCode = await run(stopping.signal)
} catch (error) {
  if (!stopping.signal.aborted) {
    say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
