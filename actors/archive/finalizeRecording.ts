import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect } from 'effect'
import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { type MediaEnd, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { RevisionConflict } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { subjects } from '../../runtime/topology.ts'
import { type ArchivedSegment, Recordings, type RecordingOutcome, type RecordingSeed } from '../database/Recordings.ts'
import { renderMultivariant } from '../playlist/renderMultivariant.ts'
import { renderVod } from '../playlist/renderVod.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { seedOf } from './archiveSegment.ts'
import { ArchiveSettings } from './ArchiveSettings.ts'
import { complaint, missingRenditions, recordedRenditions, type RecordedRendition } from './completeness.ts'
import { STATE_ATTEMPTS_MAX } from './limits.ts'
import { objectKeys } from './objectKeys.ts'
import { PosterMaker } from './poster.ts'

/** `Waiting`: segments are still on their way. `NotEnded`: the MEDIA log goes on. `Unknown`: no such stream, or no folder for it. */
export type Finalized = 'Ready' | 'Waiting' | 'NotEnded' | 'Unknown'

interface Ended {
  readonly recording: RecordingSeed
  readonly end: MediaEnd
  readonly checkpoint: Checkpoint
  /** Sequence of the record that ends the stream: newer than any owner's fencing token. */
  readonly seq: number
  readonly endedAt_ms: number
}

/**
 * Completes the recording of an ended stream once its segments are all archived: playlists, poster, row, event, and
 * last the stream's state, after which its logs may go. Each step may be done again with the same effect, so a crash
 * between any two of them costs nothing but the repetition; the event may then come twice, with the same id.
 */
export const finalizeRecording = Effect.fn('finalizeRecording')(function* (id: string) {
  const { streams } = yield* Buckets
  const recordings = yield* Recordings
  const entry = yield* streams.get(id)
  if (entry?.value.status === StreamStatus.ARCHIVED) return 'Ready' as Finalized
  const recording = entry === undefined ? undefined : seedOf(entry.value)
  if (entry === undefined || recording === undefined) return 'Unknown' as Finalized
  const ended = yield* readEnd(recording, Number(entry.value.endedAtMs))
  if (ended === undefined) return 'NotEnded' as Finalized
  const rows = yield* recordings.segments(id)
  if (missingRenditions(ended.end, rows).length > 0) {
    yield* recordings.conclude(recording, outcomeOf(ended, rows, [], false))
    return 'Waiting' as Finalized
  }
  const renditions = recordedRenditions(ended.checkpoint, rows)
  yield* storePlaylists(recording.keyPrefix, renditions)
  yield* storePoster(recording.keyPrefix, renditions, rows)
  yield* recordings.conclude(recording, outcomeOf(ended, rows, renditions, true))
  if (renditions.length > 0) yield* announceReady(ended, rows)
  yield* markArchived(id)
  return 'Ready' as Finalized
})

/** The end of the MEDIA log, if that is its head. */
const readEnd = Effect.fnUntraced(function* (recording: RecordingSeed, endedAt_ms: number) {
  const log = yield* Log
  const head = yield* log.head(log.subject('media', recording.id))
  if (head === undefined) return undefined
  const { body, checkpoint } = fromBinary(MediaRecordSchema, head.data)
  if (body.case !== 'end' || checkpoint === undefined) return undefined
  return { recording, end: body.value, checkpoint, seq: head.seq, endedAt_ms: endedAt_ms > 0 ? endedAt_ms : head.time_ms } satisfies Ended
})

/** A recording without a single object is never ready: it stays `failed` or `ended`, which are then final. */
const outcomeOf = (ended: Ended, rows: ReadonlyArray<ArchivedSegment>, renditions: ReadonlyArray<RecordedRendition>, whole: boolean): RecordingOutcome => {
  const unready = ended.end.reason === EndReason.FAILED ? 'failed' : 'ended'
  return {
    status: whole && renditions.length > 0 ? 'ready' : unready,
    endedAt_ms: ended.endedAt_ms,
    duration_ms: Number(ended.end.durationMs),
    renditions: renditions.map(({ description }) => description),
    reason: whole ? complaint(ended.end, rows) : ended.end.detail,
    fenceToken: ended.seq
  }
}

const storePlaylists = Effect.fnUntraced(function* (prefix: string, renditions: ReadonlyArray<RecordedRendition>) {
  if (renditions.length === 0) return
  const store = yield* ObjectStore
  const text = new TextEncoder()
  for (const { description, segments } of renditions) yield* store.put(objectKeys.playlist(prefix, description.name), text.encode(renderVod(segments)))
  yield* store.put(objectKeys.index(prefix), text.encode(renderMultivariant(renditions.map(({ description }) => description))))
})

/** A picture of the first segment of the first video rendition. A segment that FFmpeg makes nothing of gives a recording without one. */
const storePoster = Effect.fnUntraced(function* (prefix: string, renditions: ReadonlyArray<RecordedRendition>, rows: ReadonlyArray<ArchivedSegment>) {
  const settings = yield* ArchiveSettings
  const store = yield* ObjectStore
  const video = renditions.find(({ description }) => description.kind === 'video')
  const first = video?.segments[0]
  const row = rows.find(({ rendition, msn }) => rendition === video?.description.name && msn === first?.msn)
  if (row === undefined || row.objectKey === null) return
  const key = objectKeys.poster(prefix)
  const there = yield* store.stat(key).pipe(Effect.as(true), Effect.catchTag('ObjectMissing', () => Effect.succeed(false)))
  if (there) return
  const init = yield* store.get(objectKeys.init(prefix, row.rendition, row.init))
  const segment = yield* store.get(row.objectKey)
  const makePoster = yield* PosterMaker
  yield* makePoster(settings.ffmpeg, init, segment, settings.posterTimeout_ms).pipe(
    Effect.flatMap((picture) => store.put(key, picture)),
    Effect.catchTag('PosterFailed', (error) => Effect.logWarning('a recording has no poster', { prefix, reason: error.reason }))
  )
})

const announceReady = Effect.fnUntraced(function* (ended: Ended, rows: ReadonlyArray<ArchivedSegment>) {
  const log = yield* Log
  const { id } = ended.recording
  const archived = rows.filter((row) => row.objectKey !== null)
  const event = create(StreamEventSchema, {
    eventId: `${id}.recording_ready`,
    streamId: id,
    atMs: BigInt(yield* Clock.currentTimeMillis),
    event: {
      case: 'recordingReady',
      value: { durationMs: ended.end.durationMs, segments: archived.length, bytes: BigInt(archived.reduce((sum, row) => sum + row.bytes, 0)) }
    }
  })
  yield* log.publish(subjects.event(id, 'recording_ready'), toBinary(StreamEventSchema, event))
})

/** By revision, so that it never undoes what another writer says meanwhile. */
const markArchived = Effect.fnUntraced(function* (id: string) {
  const { streams } = yield* Buckets
  for (let attempt = 1; attempt <= STATE_ATTEMPTS_MAX; attempt += 1) {
    const entry = yield* streams.get(id)
    if (entry === undefined || entry.value.status === StreamStatus.ARCHIVED) return
    const state = clone(StreamStateSchema, entry.value)
    state.status = StreamStatus.ARCHIVED
    const written = yield* streams.update(id, state, entry.revision).pipe(
      Effect.as(true),
      Effect.catchTag('RevisionConflict', () => Effect.succeed(false))
    )
    if (written) return
  }
  return yield* new RevisionConflict({ bucket: 'streams', key: id })
})
