import { fromBinary } from '@bufbuild/protobuf'
import { type Init, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { SegmentClosed } from '../../proto/gen/millrace/v1/segment_pb.js'
import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { isId } from '../../runtime/ids.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import type { ArchivedSegment, RecordingSeed } from '../database/Recordings.ts'
import { isRenditionName } from '../playlist/mediaNames.ts'
import { isFolder } from '../storage/objectKey.ts'
import { collectInits, collectSegment, lacksFirstPieces } from './collectSegment.ts'
import { PIECE_LOOKBACKS, STORED_INITS_MAX } from './limits.ts'
import { objectKeys } from './objectKeys.ts'
import { ask, type Steps } from './steps.ts'

/** What came of one announcement. `Ignored`: nothing in MEDIA bears it out. `Damaged`: the log has it not as announced. */
export type ArchiveOutcome =
  | { readonly _tag: 'Archived' }
  | { readonly _tag: 'Repeated' }
  | { readonly _tag: 'Ignored'; readonly reason: string }
  | { readonly _tag: 'Damaged'; readonly reason: string }

/** Keys of init segments that this process has stored or seen in the store: one set, handed to each run. */
export type StoredInits = Set<string>

/** What a recording's row and its objects' keys begin with; undefined for a stream that says no usable folder. */
export const seedOf = (state: StreamState): RecordingSeed | undefined => {
  const keyPrefix = state.keyPrefix.endsWith('/') ? state.keyPrefix : `${state.keyPrefix}/`
  return isFolder(keyPrefix) ? { id: state.streamId, title: state.title, keyPrefix, createdAt_ms: Number(state.createdAtMs) } : undefined
}

/** The row of an announced segment. */
const rowOf = (announced: SegmentClosed, objectKey: string | null): ArchivedSegment => ({
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
  reason: '',
  firstSeq: Number(announced.firstSeq),
  lastSeq: Number(announced.lastSeq),
  fenceToken: Number(announced.fencingToken)
})

/** The row of a segment that is lost. It bears no fencing token: whoever has the segment after all replaces it. */
export const lostRowOf = (announced: SegmentClosed, reason: string): ArchivedSegment => ({ ...rowOf(announced, null), reason, fenceToken: 0 })

const isUsable = (announced: SegmentClosed): boolean =>
  isId(announced.streamId) && isRenditionName(announced.rendition) && announced.firstSeq > 0n && announced.lastSeq >= announced.firstSeq && announced.timescale > 0

/**
 * Brings one announced segment from the MEDIA log into the object store and then the database; whoever does it again
 * writes the same. The init segment is there before the segment, and that before the row says so.
 */
export function* archiveSegment(announced: SegmentClosed, stored: StoredInits): Steps<ArchiveOutcome> {
  const id = announced.streamId
  if (!isUsable(announced)) return ignored('it cites no place in the MEDIA log')
  const entry = yield* ask({ _tag: 'ReadStream', id })
  const recording = entry === undefined ? undefined : seedOf(entry.value)
  if (recording === undefined) return ignored('its stream is not known')
  const row = yield* ask({ _tag: 'ReadRow', id, rendition: announced.rendition, msn: announced.msn })
  if (row !== undefined && row.objectKey !== null && row.fenceToken >= Number(announced.fencingToken)) return { _tag: 'Repeated' }
  const collected = collectSegment(announced, yield* readWhole(id, Number(announced.firstSeq), Number(announced.lastSeq)))
  if (collected._tag === 'Absent') {
    return (yield* isBorneOut(announced)) ? { _tag: 'Damaged', reason: 'the MEDIA log holds none of it any more' } : ignored('the MEDIA log does not hold it')
  }
  if (collected._tag === 'Damaged') return collected
  yield* storeInits(recording.keyPrefix, collected.inits, stored)
  if (!(yield* hasInit(recording.keyPrefix, announced, collected.windowStartSeq, stored))) {
    return { _tag: 'Damaged', reason: `its init segment ${announced.init} is not in the log` }
  }
  const key = objectKeys.segment(recording.keyPrefix, announced.rendition, announced.msn)
  yield* ask({ _tag: 'PutObject', key, bytes: collected.data })
  yield* ask({ _tag: 'WriteRow', recording, row: rowOf(announced, key) })
  return { _tag: 'Archived' }
}

const ignored = (reason: string): ArchiveOutcome => ({ _tag: 'Ignored', reason })

/** Whether the newest checkpoint knows a segment of that number, closed: then it was there, and its records have gone. */
function* isBorneOut({ streamId, rendition, msn, lastSeq }: SegmentClosed): Steps<boolean> {
  const head = yield* ask({ _tag: 'ReadHead', id: streamId })
  if (head === undefined || head.seq < Number(lastSeq)) return false
  try {
    const known = fromBinary(MediaRecordSchema, head.data).checkpoint?.renditions.find(({ name }) => name === rendition)
    return known !== undefined && known.msn > msn
  } catch {
    // A head that cannot be read bears nothing out; the next one, or the end of the recording, decides.
    return false
  }
}

/** Reads a range of the MEDIA log, from the first piece of the record at its start. */
function* readWhole(id: string, from: number, to: number): Steps<ReadonlyArray<LogEntry>> {
  let entries: ReadonlyArray<LogEntry> = []
  for (const lookback of PIECE_LOOKBACKS) {
    entries = yield* ask({ _tag: 'ReadMedia', id, from: Math.max(1, from - lookback), to })
    if (!lacksFirstPieces(entries, from)) break
  }
  return entries
}

/**
 * Stores every init segment that came by, also those of other renditions: each rides only on the record that opened a
 * segment number, and may be trimmed with the rendition that opened it.
 */
function* storeInits(prefix: string, inits: ReadonlyArray<Init>, stored: StoredInits): Steps<void> {
  for (const init of inits) {
    const key = objectKeys.init(prefix, init.rendition, init.number)
    if (stored.has(key) || !isRenditionName(init.rendition)) continue
    yield* ask({ _tag: 'PutObject', key, bytes: init.data })
    if (stored.size >= STORED_INITS_MAX) stored.clear()
    stored.add(key)
  }
}

/** Whether the segment's init segment is in the store; looks for it where the live window began, if it is not. */
function* hasInit(prefix: string, announced: SegmentClosed, windowStartSeq: number, stored: StoredInits): Steps<boolean> {
  const key = objectKeys.init(prefix, announced.rendition, announced.init)
  if (stored.has(key)) return true
  if (yield* ask({ _tag: 'HasObject', key })) {
    stored.add(key)
    return true
  }
  const entries = yield* ask({ _tag: 'ReadMedia', id: announced.streamId, from: windowStartSeq, to: Number(announced.firstSeq) })
  yield* storeInits(prefix, collectInits(entries), stored)
  return stored.has(key)
}
