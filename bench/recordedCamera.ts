/** A camera's chunks taken once, at their real times, so that many streams cost the benchmark's machine no encoder each. */
import { setTimeout as delay } from 'node:timers/promises'
import { startCamera } from '../e2e/kit/camera.ts'
import type { Publisher } from '../e2e/kit/publisher.ts'
import { clock_ms } from './clock.ts'
import type { Passed } from './hopTimes.ts'

/** What the camera gave. */
export interface Recorded {
  readonly mimeType: string
  readonly chunks: ReadonlyArray<{ readonly bytes: Uint8Array; /** After the first chunk. */ readonly after_ms: number }>
}

/** Films 720p30 H.264 for so long. */
export const recordCamera = async (seconds: number, chunk_ms: number): Promise<Recorded> => {
  const camera = startCamera({ frames: seconds * 30, chunk_ms })
  const chunks: Array<{ bytes: Uint8Array; after_ms: number }> = []
  let first_ms: number | undefined
  for await (const { bytes } of camera.chunks) {
    const now_ms = clock_ms()
    first_ms ??= now_ms
    chunks.push({ bytes, after_ms: now_ms - first_ms })
  }
  return { mimeType: camera.mimeType, chunks }
}

/** Sends the chunks as they came, the first one after `phase_ms`, and says when each was sent, with the bytes up to its end. */
export const replay = async (recorded: Recorded, publisher: Publisher, phase_ms: number): Promise<ReadonlyArray<Passed>> => {
  const begun_ms = clock_ms() + phase_ms
  const sent: Array<Passed> = []
  let count = 0
  for (const { bytes, after_ms } of recorded.chunks) {
    const wait_ms = begun_ms + after_ms - clock_ms()
    if (wait_ms > 0) await delay(wait_ms)
    count += bytes.byteLength
    sent.push({ count, at_ms: clock_ms() })
    publisher.send(bytes)
  }
  return sent
}
