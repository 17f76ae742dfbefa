import { create, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect, Result } from 'effect'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { MediaEndSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { LogUnavailable } from '../../runtime/errors.ts'
import { Log, type LogSubject } from '../../runtime/Log.ts'
import { newestReadable } from '../../runtime/newestReadable.ts'
import { subjects } from '../../runtime/topology.ts'
import { endSegments, recordStored, timelineEnd } from '../packager/packager.ts'
import { readPackager, writePackager } from './checkpoint.ts'
import { endIngest } from './endIngest.ts'
import { mediaCodec, recordOf } from './mediaCodec.ts'
import { describeStream } from './performer.ts'
import { StreamSettings } from './StreamSettings.ts'

const TICKS_PER_MS = 90

/**
 * Closes the recording of a stream whose actor cannot go on: `End` behind what is whole, its segments announced, the
 * publisher and everyone else told the reason. May run again after any failure. Nothing happens where an owner with a
 * later lease than `leaseRevision` has written, nor where the stream is over: its logs may have been trimmed to nothing.
 * Records at the head that cannot be read are passed over; of a recording of which nothing can be read, only the failure
 * is told.
 */
export const closeFailed = (id: string, reason: string, leaseRevision: number): Effect.Effect<void, LogUnavailable, Log | Buckets | StreamSettings> =>
  Effect.gen(function* () {
    const log = yield* Log
    const settings = yield* StreamSettings
    const { streams } = yield* Buckets
    const entry = yield* streams.get(id)
    if (entry?.value.status !== StreamStatus.LIVE) return
    const at = log.subject('media', id)
    const before = yield* newestOf(at)
    if (before !== undefined && mediaCodec.stampOf(before.record).leaseRevision > leaseRevision) return
    yield* endIngest(id, EndReason.FAILED, undefined)
    const newest = yield* newestOf(at)
    if (newest === undefined) return yield* tellFailed(id, reason, recordOf(create(CheckpointSchema, {}), { case: undefined }))
    const { record, headSeq } = newest
    const stamp = mediaCodec.stampOf(record)
    if (stamp.leaseRevision > leaseRevision) return
    const options = { settings, alone: false, ending: false, final: true, streamId: id, token: stamp.fencingToken === 0 ? newest.seq : stamp.fencingToken }
    const packager = endSegments(readPackager(record.checkpoint, settings), options)
    const checkpoint = { ...record.checkpoint, ...writePackager(packager), timelineOffsetMs: record.checkpoint?.timelineOffsetMs ?? 0n, beginTicks: record.checkpoint?.beginTicks ?? 0n, lostChunks: record.checkpoint?.lostChunks ?? 0n, losses: record.checkpoint?.losses ?? [], poisonChunks: record.checkpoint?.poisonChunks ?? 0n }
    const renditions = packager.tracks.map((track) => ({ $typeName: 'millrace.v1.RenditionEnd' as const, rendition: track.name, segments: track.msn, frames: BigInt(track.frames) }))
    const durationMs = packager.tracks.length === 0 ? 0n : BigInt(Math.round((timelineEnd(packager) - Number(checkpoint.beginTicks)) / TICKS_PER_MS))
    const end = recordOf(checkpoint, { case: 'end', value: create(MediaEndSchema, { reason: EndReason.FAILED, detail: reason, renditions, durationMs }) })
    const writtenAt_ms = yield* Clock.currentTimeMillis
    const seq = yield* log.appender(at, headSeq).append(mediaCodec.encode(end, { ...stamp, fencingToken: options.token, writtenAt_ms }))
    for (const closed of recordStored(packager, seq, seq).unannounced) yield* log.publish(subjects.segments(id), toBinary(SegmentClosedSchema, closed))
    yield* tellFailed(id, reason, end)
  }).pipe(Effect.catchTag(['Fenced', 'HeadLost', 'LogFull', 'RecordTooBig'], (error) => new LogUnavailable({ operation: `end of ${id}`, reason: error._tag })))

/** The newest record that can be read, and the sequence of the head, behind which `End` goes. */
const newestOf = Effect.fnUntraced(function* (at: LogSubject) {
  const log = yield* Log
  const head = yield* log.head(at)
  if (head === undefined) return undefined
  const newest = yield* newestReadable(log, at, head, mediaCodec.decode)
  return Result.isSuccess(newest) ? { ...newest.success, headSeq: head.seq } : undefined
})

const tellFailed = (id: string, reason: string, record: ReturnType<typeof recordOf>) =>
  describeStream(id, { _tag: 'Describe', status: StreamStatus.FAILED, reason, record, final: true })
