import { fromBinary } from '@bufbuild/protobuf'
import { Context, Effect, Layer } from 'effect'
import { type MediaRecord, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import type { DatabaseError } from '../database/errors.ts'
import { Recordings } from '../database/Recordings.ts'
import { oldestUnarchived, type PendingSegment, pendingOfHead } from './pendingSegments.ts'

/**
 * How far a stream's MEDIA log is archived, for whoever trims it.
 *
 * The rule: a segment is archived when its row is in the database, and nothing else proves it. Segments that have no
 * row are known from three places, which together leave none out: the head's checkpoint (open segments, and closed ones
 * that may not be announced yet) and the announcements that are still on the SEGMENTS log. They are read in the order
 * head, announcements, rows: a segment that leaves one place meanwhile has entered the next. SEGMENTS must be trimmed
 * only behind what the archive's consumer has acknowledged. A row of a lost segment counts as archived: it was given up.
 */
export class ArchiveProgress extends Context.Service<ArchiveProgress, {
  /**
   * Smallest MEDIA sequence that an unarchived segment of the stream begins at; undefined when there is none. MEDIA may
   * be trimmed before it, as far as the archive is concerned. Fails when that cannot be known: trim nothing then.
   */
  readonly oldestUnarchivedSeq: (streamId: string) => Effect.Effect<number | undefined, LogUnavailable | DatabaseError>
}>()('millrace/actors/archive/ArchiveProgress') {
  static readonly layer = Layer.effect(
    ArchiveProgress,
    Effect.gen(function* () {
      const log = yield* Log
      const recordings = yield* Recordings
      const oldestUnarchivedSeq = Effect.fn('ArchiveProgress.oldestUnarchivedSeq')(function* (streamId: string) {
        const head = yield* log.head(log.subject('media', streamId))
        if (head === undefined) return undefined
        const announcements = log.subject('segments', streamId)
        const entries = yield* log.read(announcements, 1, Number.MAX_SAFE_INTEGER)
        const announced = entries.flatMap(({ data }) => pendingOfAnnouncement(data))
        const pending = [...pendingOfHead(head.seq, readRecord(head.data)), ...announced]
        if (pending.length === 0) return undefined
        return oldestUnarchived(pending, yield* recordings.segmentsAmong(streamId, pending))
      })
      return { oldestUnarchivedSeq }
    })
  )
}

const readRecord = (data: Uint8Array): MediaRecord => fromBinary(MediaRecordSchema, data)

/** An announcement that cannot be read, or cites nothing, pins nothing. */
const pendingOfAnnouncement = (data: Uint8Array): ReadonlyArray<PendingSegment> => {
  try {
    const { rendition, msn, firstSeq } = fromBinary(SegmentClosedSchema, data)
    return firstSeq > 0n ? [{ rendition, msn, firstSeq: Number(firstSeq) }] : []
  } catch {
    return []
  }
}
