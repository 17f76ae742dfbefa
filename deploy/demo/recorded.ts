/** The first part of the demo: a stream that ends, counted live and in the archive. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CameraOptions } from '../../e2e/kit/camera.ts'
import { countFrames } from '../../e2e/kit/frameCount.ts'
import { publishCamera } from '../../e2e/kit/publishCamera.ts'
import { readArchive } from './archive.ts'
import { inWords, isWhole, watchLive } from './liveViewer.ts'
import { reportLine } from './reportLine.ts'
import { say, seconds } from './terminal.ts'

const report_ms = 2_000

/** Publishes so many frames, watches them, ends the stream and reads the recording. Resolves to whether nothing was lost. */
export const showRecorded = async (platform: string, camera: CameraOptions, frames: number, signal: AbortSignal): Promise<boolean> => {
  const published = await publishCamera(platform, { camera: { ...camera, frames }, stream: { title: 'Demo, recorded' } })
  const { publisher } = published
  try {
    const viewer = watchLive(`${platform}/live/${publisher.recordingId}/index.m3u8`, { signal, keepsFrames: true })
    const end = published.finished.then(() => 'sent' as const)
    while ((await Promise.race([end, delay(report_ms, 'sending' as const, { signal })])) === 'sending')
      say(reportLine(published, viewer))
    const age_ms = viewer.age_ms()
    const stopped = await publisher.stop()
    const live = await viewer.finished
    const expected: readonly [number, number] = [0, frames - 1]
    say(`Sent      ${frames} frames in ${publisher.sent()} chunks; ${publisher.acknowledged()} chunks acknowledged, which means durable.`)
    say(`Live      ${inWords(countFrames(live.frames, expected), frames)}; ${seconds(age_ms)} from the picture's clock to a decoded picture (half of them).`)
    for (const complaint of live.complaints) say(`          ${complaint}`)
    const archived = await readArchive(platform, publisher.recordingId)
    say(`Archive   ${inWords(countFrames(archived, expected), frames)}; ${seconds(stopped.duration)} in all.`)
    say(`Watch it again: ${platform}/watch/${publisher.recordingId}`)
    return isWhole(live.frames, frames) && isWhole(archived, frames)
  } finally {
    published.abandon()
  }
}
