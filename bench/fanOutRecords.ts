/** Records of a made-up stream, as its owner would write them, for the fan-out benchmark. */
import { Effect } from 'effect'
import type { Sample } from '../actors/fmp4/sample.ts'
import { MediaWriter } from '../edge/testing/MediaWriter.ts'
import type { LogEntry } from '../runtime/Log.ts'

const FRAMES_PER_S = 10
const KEYFRAME_EVERY = 20
const TICKS_PER_S = 90_000
/** What a fragment has beside its frame. */
const FRAGMENT_OVERHEAD_BYTES = 112

/** One fragment of one frame a record, of about so many bytes; the first record says only that somebody owns the stream. */
export const makeRecords = (bytes: number, fragments: number): ReadonlyArray<LogEntry> => {
  const ticks = TICKS_PER_S / FRAMES_PER_S
  const data = new Uint8Array(Math.max(1, bytes - FRAGMENT_OVERHEAD_BYTES))
  // Frames lie between the writer's steps, so that each step takes one.
  const samples = Array.from({ length: fragments }, (_, index): Sample => ({ dts: (index + 0.5) * ticks, cts: 0, duration: ticks, keyframe: index % KEYFRAME_EVERY === 0, data }))
  const track = { name: 'source', init: new Uint8Array(700), info: { kind: 'video', timescale: TICKS_PER_S, codec: 'avc1.64001f', width: 1280, height: 720 }, samples } as const
  const entries: Array<LogEntry> = []
  const append = (record: Uint8Array): Effect.Effect<number> =>
    Effect.sync(() => {
      const seq = entries.length + 1
      entries.push({ seq, data: record } as LogEntry)
      return seq
    })
  const writer = new MediaWriter({ append, expected: () => entries.length }, [track], 30)
  Effect.runSync(Effect.andThen(writer.takeOver(), writer.write(fragments / FRAMES_PER_S)))
  return entries
}
