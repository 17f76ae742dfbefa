import { Effect } from 'effect'
import type { SegmentClosed } from '../../proto/gen/millrace/v1/segment_pb.js'
import type { Init } from '../../proto/gen/millrace/v1/media_pb.js'
import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { isId } from '../../runtime/ids.ts'
import { Log, type LogEntry, type LogSubject } from '../../runtime/Log.ts'
import { type ArchivedSegment, Recordings, type RecordingSeed } from '../database/Recordings.ts'
import { isRenditionName } from '../playlist/mediaNames.ts'
import { isFolder } from '../storage/objectKey.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { collectInits, collectSegment, lacksFirstPieces } from './collectSegment.ts'
import { PIECE_LOOKBACKS, STORED_INITS_MAX } from './limits.ts'
import { objectKeys } from './objectKeys.ts'

/** What came of one announcement. `Ignored`: nothing in MEDIA bears it out. */
export type ArchiveOutcome =
  | { readonly _tag: 'Archived' }
  | { readonly _tag: 'Repeated' }
  | { readonly _tag: 'Ignored'; readonly reason: string }
  | { readonly _tag: 'Damaged'; readonly reason: string; readonly recording: RecordingSeed }

/** Keys of init segments that this process has stored or seen in the store. */
export type StoredInits = Set<string>

/** What a recording's row and its objects' keys begin with; undefined for a stream that says no usable folder. */
export const seedOf = (state: StreamState): RecordingSeed | undefined => {
  const keyPrefix = state.keyPrefix.endsWith('/') ? state.keyPrefix : `${state.keyPrefix}/`
  return isFolder(keyPrefix) ? { id: state.streamId, title: state.title, keyPrefix, createdAt_ms: Number(state.createdAtMs) } : undefined
}

/** The row of an announced segment. */
export const rowOf = (announced: SegmentClosed, objectKey: string | null, reason = ''): ArchivedSegment => ({
  rendition: announced.rendition,
  msn: announced.msn,
  init: announced.init,
  start: Number(announced.start),
  duration: Number(announced.duration),
  timescale: announced.timescale,
  programDateTime_ms: Number(announced.programDateTimeMs),
  discontinuities: announced.discontinuities,
  frames: announced.frames,
  bytes: Number(announced.bytes),
  objectKey,
  reason,
  firstSeq: Number(announced.firstSeq),
  lastSeq: Number(announced.lastSeq),
  fenceToken: Number(announced.fencingToken)
})

const isUsable = (announced: SegmentClosed): boolean =>
  isId(announced.streamId) && isRenditionName(announced.rendition) && announced.firstSeq > 0n && announced.lastSeq >= announced.firstSeq && announced.timescale > 0

/**
 * Brings one announced segment from the MEDIA log into the object store and then the database; whoever does it again
 * writes the same. The object is there before the row says so.
 */
export const archiveSegment = Effect.fn('archiveSegment')(function* (announced: SegmentClosed, stored: StoredInits) {
  const { streams } = yield* Buckets
  const log = yield* Log
  const recordings = yield* Recordings
  const ignored = (reason: string): ArchiveOutcome => ({ _tag: 'Ignored', reason })
  if (!isUsable(announced)) return ignored('it cites no place in the MEDIA log')
  const entry = yield* streams.get(announced.streamId)
  const recording = entry === undefined ? undefined : seedOf(entry.value)
  if (recording === undefined) return ignored('its stream is not known')
  const row = yield* recordings.segment(recording.id, announced.rendition, announced.msn)
  if (row !== undefined && row.objectKey !== null && row.fenceToken >= Number(announced.fencingToken)) return { _tag: 'Repeated' } as ArchiveOutcome
  const media = log.subject('media', announced.streamId)
  const collected = collectSegment(announced, yield* readWhole(media, Number(announced.firstSeq), Number(announced.lastSeq)))
  if (collected._tag === 'Absent') return ignored('the MEDIA log does not hold it')
  if (collected._tag === 'Damaged') return { ...collected, recording } as ArchiveOutcome
  yield* storeInits(recording.keyPrefix, collected.inits, stored)
  if (!(yield* hasInit(recording.keyPrefix, announced, media, collected.windowStartSeq, stored)))
    return { _tag: 'Damaged', reason: `its init segment ${announced.init} is not in the log`, recording } as ArchiveOutcome
  const key = objectKeys.segment(recording.keyPrefix, announced.rendition, announced.msn)
  yield* (yield* ObjectStore).put(key, collected.data)
  yield* recordings.addSegment(recording, rowOf(announced, key))
  return { _tag: 'Archived' } as ArchiveOutcome
})

/** Reads a range of the MEDIA log, from the first piece of the record at its start. */
const readWhole = Effect.fnUntraced(function* (media: LogSubject, from: number, to: number) {
  const log = yield* Log
  let entries: ReadonlyArray<LogEntry> = []
  for (const lookback of PIECE_LOOKBACKS) {
    entries = yield* log.read(media, Math.max(1, from - lookback), to)
    if (!lacksFirstPieces(entries, from)) break
  }
  return entries
})

/**
 * Stores every init segment that came by, also those of other renditions: each rides only on the record that opened a
 * segment number, and may be trimmed with the rendition that opened it.
 */
const storeInits = Effect.fnUntraced(function* (prefix: string, inits: ReadonlyArray<Init>, stored: StoredInits) {
  const store = yield* ObjectStore
  for (const init of inits) {
    const key = objectKeys.init(prefix, init.rendition, init.number)
    if (stored.has(key) || !isRenditionName(init.rendition)) continue
    yield* store.put(key, init.data)
    if (stored.size >= STORED_INITS_MAX) stored.clear()
    stored.add(key)
  }
})

/** Whether the segment's init segment is in the store; looks for it where the live window began, if it is not. */
const hasInit = Effect.fnUntraced(function* (prefix: string, announced: SegmentClosed, media: LogSubject, windowStartSeq: number, stored: StoredInits) {
  const key = objectKeys.init(prefix, announced.rendition, announced.init)
  if (stored.has(key)) return true
  const store = yield* ObjectStore
  const there = yield* store.stat(key).pipe(
    Effect.as(true),
    Effect.catchTag('ObjectMissing', () => Effect.succeed(false))
  )
  if (there) {
    stored.add(key)
    return true
  }
  const log = yield* Log
  yield* storeInits(prefix, collectInits(yield* log.read(media, windowStartSeq, Number(announced.firstSeq))), stored)
  return stored.has(key)
})
