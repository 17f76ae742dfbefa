import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { subjects } from '../../runtime/topology.ts'
import type { ArchivedSegment, RecordingOutcome, RecordingSeed, SegmentName } from '../database/Recordings.ts'
import { renderMultivariant } from '../playlist/renderMultivariant.ts'
import { renderVod } from '../playlist/renderVod.ts'
import { seedOf } from './archiveSegment.ts'
import { complaint, lostRows, missingRenditions, recordedRenditions, type RecordedRendition, withoutMissingObjects } from './completeness.ts'
import { type Ended, isOver, readEnd } from './endOfRecording.ts'
import { STATE_ATTEMPTS_MAX } from './limits.ts'
import { withLostRows } from './lostSegments.ts'
import { objectKeys } from './objectKeys.ts'
import { ask, type Steps } from './steps.ts'

/**
 * `Waiting`: segments are still on their way, or its entry keeps changing. `NotEnded`: the MEDIA log goes on. `Unknown`:
 * no such stream, or no folder for it.
 */
export type Finalized = 'Ready' | 'Waiting' | 'NotEnded' | 'Unknown'

/**
 * Completes the recording of an ended stream once its segments are all archived or lost: playlists, poster, row, event,
 * and last the stream's state, after which its logs may go. A playlist names only objects that were seen in the store
 * before it was written. Each step may be done again with the same effect; the event may come twice, with the same id.
 */
export function* finalizeRecording(id: string): Steps<Finalized> {
  const entry = yield* ask({ _tag: 'ReadStream', id })
  if (entry?.value.status === StreamStatus.ARCHIVED) return 'Ready'
  const recording = entry === undefined ? undefined : seedOf(entry.value)
  if (entry === undefined || recording === undefined) return 'Unknown'
  const ended = yield* readEnd(id, entry)
  if (ended === undefined) return 'NotEnded'
  const rows = yield* settledRows(recording, ended, isOver(entry.value))
  if (missingRenditions(ended.end, rows).length > 0) {
    yield* ask({ _tag: 'Conclude', recording, outcome: outcomeOf(ended, rows, [], false) })
    return 'Waiting'
  }
  const stored = withoutMissingObjects(recording.keyPrefix, rows, yield* keysOf(recording, rows))
  const renditions = recordedRenditions(ended.checkpoint, stored)
  yield* storePlaylists(recording.keyPrefix, renditions)
  yield* storePoster(recording.keyPrefix, renditions, stored)
  yield* ask({ _tag: 'Conclude', recording, outcome: outcomeOf(ended, stored, renditions, true) })
  if (renditions.length > 0) yield* announceReady(id, ended, stored)
  return (yield* markArchived(id, ended, stored, renditions)) ? 'Ready' : 'Waiting'
}

/**
 * The rows of a recording. Once the stream is over, a segment that has no row and whose announcement nobody will handle
 * any more is lost, and gets a row that says so: no better one will come. What is announced and how far the archive
 * has acknowledged are read before the rows, since a row is there before its announcement is acknowledged.
 */
function* settledRows(recording: RecordingSeed, ended: Ended, over: boolean): Steps<ReadonlyArray<ArchivedSegment>> {
  const { id } = recording
  const announced = over ? yield* ask({ _tag: 'ReadAnnounced', id }) : []
  const acknowledged = over ? yield* ask({ _tag: 'ReadAcknowledged' }) : 0
  const rows = yield* ask({ _tag: 'ReadRows', id })
  if (!over) return rows
  const pending = announced.filter(({ seq }) => seq > acknowledged).flatMap(nameIn)
  const lost = lostRows(ended.end, rows, pending)
  for (const row of lost) yield* ask({ _tag: 'WriteRow', recording, row })
  return lost.length === 0 ? rows : yield* ask({ _tag: 'ReadRows', id })
}

/** What the store holds of the renditions, each listed by itself: a day of one is 43,200 objects. */
function* keysOf({ keyPrefix }: RecordingSeed, rows: ReadonlyArray<ArchivedSegment>): Steps<ReadonlySet<string>> {
  const keys = new Set<string>()
  for (const rendition of new Set(rows.map((row) => row.rendition))) {
    for (const key of yield* ask({ _tag: 'ListObjects', folder: objectKeys.folder(keyPrefix, rendition) })) keys.add(key)
  }
  return keys
}

/** An announcement that cannot be read names no segment. */
const nameIn = ({ data }: LogEntry): ReadonlyArray<SegmentName> => {
  try {
    const { rendition, msn } = fromBinary(SegmentClosedSchema, data)
    return [{ rendition, msn }]
  } catch {
    return []
  }
}

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

function* storePlaylists(prefix: string, renditions: ReadonlyArray<RecordedRendition>): Steps<void> {
  if (renditions.length === 0) return
  const text = new TextEncoder()
  for (const { description, segments } of renditions) {
    yield* ask({ _tag: 'PutObject', key: objectKeys.playlist(prefix, description.name), bytes: text.encode(renderVod(segments)) })
  }
  yield* ask({ _tag: 'PutObject', key: objectKeys.index(prefix), bytes: text.encode(renderMultivariant(renditions.map(({ description }) => description))) })
}

/** A picture of the first segment of the first video rendition. */
function* storePoster(prefix: string, renditions: ReadonlyArray<RecordedRendition>, rows: ReadonlyArray<ArchivedSegment>): Steps<void> {
  const video = renditions.find(({ description }) => description.kind === 'video')
  const first = video?.segments.find(({ gap }) => !gap)
  const row = rows.find(({ rendition, msn }) => rendition === video?.description.name && msn === first?.msn)
  if (row === undefined || row.objectKey === null) return
  const key = objectKeys.poster(prefix)
  if (yield* ask({ _tag: 'HasObject', key })) return
  yield* ask({ _tag: 'StorePoster', key, init: objectKeys.init(prefix, row.rendition, row.init), segment: row.objectKey })
}

function* announceReady(id: string, ended: Ended, rows: ReadonlyArray<ArchivedSegment>): Steps<void> {
  const archived = rows.filter((row) => row.objectKey !== null)
  const event = create(StreamEventSchema, {
    eventId: `${id}.recording_ready`,
    streamId: id,
    atMs: BigInt(yield* ask({ _tag: 'ReadClock' })),
    event: {
      case: 'recordingReady',
      value: { durationMs: ended.end.durationMs, segments: archived.length, bytes: BigInt(archived.reduce((sum, row) => sum + row.bytes, 0)) }
    }
  })
  yield* ask({ _tag: 'Publish', subject: subjects.event(id, 'recording_ready'), data: toBinary(StreamEventSchema, event) })
}

/**
 * By revision, so that it never undoes what another writer says meanwhile; with the segments that are lost, and the
 * renditions of which something is left. Answers whether it is marked.
 */
function* markArchived(id: string, ended: Ended, rows: ReadonlyArray<ArchivedSegment>, recorded: ReadonlyArray<RecordedRendition>): Steps<boolean> {
  const names = new Set(recorded.map(({ description }) => description.name))
  for (let attempt = 1; attempt <= STATE_ATTEMPTS_MAX; attempt += 1) {
    const entry = yield* ask({ _tag: 'ReadStream', id })
    if (entry === undefined || entry.value.status === StreamStatus.ARCHIVED) return true
    const renditions = entry.value.renditions.filter(({ name }) => names.has(name))
    const value = { ...withLostRows(entry.value, rows), renditions, status: StreamStatus.ARCHIVED, durationMs: ended.end.durationMs }
    if (yield* ask({ _tag: 'UpdateStream', id, value, revision: entry.revision })) return true
  }
  return false
}
