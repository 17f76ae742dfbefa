import { create, fromBinary } from '@bufbuild/protobuf'
import { type Checkpoint, CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { type MediaEnd, MediaEndSchema, type MediaRecord, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { type StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { END_LOOKBACKS } from './limits.ts'
import { ask, type StreamEntry, type Steps } from './steps.ts'

/** How a stream's MEDIA log ended. */
export interface Ended {
  readonly end: MediaEnd
  readonly checkpoint: Checkpoint
  /** Sequence of the log's newest record: newer than any owner's fencing token, and what the outcome is written with. */
  readonly seq: number
  readonly endedAt_ms: number
}

/** Whether its owner has said that the stream is over: all its segments are announced by then. */
export const isOver = ({ status }: StreamState): boolean => status === StreamStatus.ENDED || status === StreamStatus.FAILED

/**
 * The end of a stream's MEDIA log; undefined while it goes on. Where the stream is over and its log does not say so (the
 * record was lost or damaged, or there never was one), the newest checkpoint that can be read says what there was.
 */
export function* readEnd(id: string, { value }: StreamEntry): Steps<Ended | undefined> {
  const head = yield* ask({ _tag: 'ReadHead', id })
  const newest = head === undefined ? undefined : read(head)
  const seq = head?.seq ?? 0
  const endedAt_ms = Number(value.endedAtMs) > 0 ? Number(value.endedAtMs) : (head?.time_ms ?? Number(value.createdAtMs))
  if (newest?.body.case === 'end' && newest.checkpoint !== undefined) return { end: newest.body.value, checkpoint: newest.checkpoint, seq, endedAt_ms }
  if (!isOver(value)) return undefined
  const checkpoint = newest?.checkpoint ?? (head === undefined ? undefined : yield* lastCheckpoint(id, head.seq)) ?? create(CheckpointSchema, {})
  return { end: endAfter(checkpoint, value), checkpoint, seq, endedAt_ms }
}

const read = ({ data }: LogEntry): MediaRecord | undefined => {
  try {
    return fromBinary(MediaRecordSchema, data)
  } catch {
    return undefined
  }
}

function* lastCheckpoint(id: string, head: number): Steps<Checkpoint | undefined> {
  for (const lookback of END_LOOKBACKS) {
    const entries = yield* ask({ _tag: 'ReadMedia', id, from: Math.max(1, head - lookback), to: head })
    const found = entries.map((entry) => read(entry)?.checkpoint).findLast((checkpoint) => checkpoint !== undefined)
    if (found !== undefined) return found
  }
  return undefined
}

const TICKS_PER_MS = 90

const endAfter = (checkpoint: Checkpoint, value: StreamState): MediaEnd => {
  const until_ms = Math.max(0, ...checkpoint.renditions.map(({ nextDts, timescale }) => (timescale > 0 ? (Number(nextDts) / timescale) * 1_000 : 0)))
  const begin_ms = Number(checkpoint.beginTicks) / TICKS_PER_MS
  const complaint = checkpoint.renditions.length === 0 ? '' : 'the end of its log is lost'
  return create(MediaEndSchema, {
    reason: value.status === StreamStatus.FAILED ? EndReason.FAILED : EndReason.STOPPED,
    detail: [value.reason, complaint].filter((text) => text !== '').join('; '),
    durationMs: BigInt(Math.round(Math.max(0, until_ms - begin_ms))),
    renditions: checkpoint.renditions.map(({ name, msn, segmentFrames, frames }) => ({ rendition: name, segments: segmentFrames > 0 ? msn + 1 : msn, frames }))
  })
}
