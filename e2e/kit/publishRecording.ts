/** Publishing what a browser recorded, at the times at which the browser gave it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Recording } from '../../actors/testing/recordings.ts'
import { type Publisher, type StartOptions, startPublishing } from './publisher.ts'

/** How a recording is published. */
export interface PublishRecordingOptions extends Omit<StartOptions, 'mimeType'> {
  /** 1 (default): the chunks at their own times; `Infinity`: at once, with at most 32 unacknowledged. */
  readonly speed?: number
  /** Called before each chunk is sent. */
  readonly onChunk?: (index: number, publisher: Publisher) => void | Promise<void>
}

/** Starts a stream and sends a recording's chunks; the stream goes on until the caller stops it. */
export const publishRecording = async (
  edge: string,
  recording: Recording,
  { speed = 1, onChunk, ...start }: PublishRecordingOptions = {},
): Promise<Publisher> => {
  const publisher = await startPublishing(edge, { ...start, mimeType: recording.mimeType })
  const begun_ms = performance.now()
  for (const [index, chunk] of recording.chunks.entries()) {
    const wait_ms = begun_ms + chunk.at_ms / speed - performance.now()
    if (wait_ms > 0) await Promise.race([delay(wait_ms), publisher.failed])
    await publisher.drained(speed === Number.POSITIVE_INFINITY ? 31 : Number.POSITIVE_INFINITY)
    await onChunk?.(index, publisher)
    publisher.send(chunk.bytes)
  }
  await publisher.drained()
  return publisher
}
