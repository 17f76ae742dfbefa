import { JOINED_BYTES_MAX, JOINED_FRAMES_MAX } from './limits.ts'
import type { Frame } from './sessionState.ts'

/**
 * How many of the frames that wait go into one record: as many as fit, and one at least. One that needs several records
 * goes by itself. Records are bounded, so that a reader's usual credit is enough for them.
 */
export const joinable = (queue: ReadonlyArray<Frame>, recordBytesMax: number): number => {
  const bytesMax = Math.min(JOINED_BYTES_MAX, recordBytesMax)
  let bytes = 0
  for (const [index, frame] of queue.entries()) {
    bytes += frame.bytes.length
    const fits = bytes <= bytesMax && frame.ranges.length === 1 && index < JOINED_FRAMES_MAX
    if (!fits) return Math.max(1, index)
  }
  return queue.length
}
