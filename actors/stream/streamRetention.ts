import { Clock, Effect, Layer, Result } from 'effect'
import type { MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import { type StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { type Floors, Retention } from '../../runtime/Retention.ts'
import { ArchiveProgress } from '../archive/ArchiveProgress.ts'
import { ENDED_WINDOW_KEPT_MS, HEADS_WATCHED_MAX, UNKNOWN_KEPT_MS, WINDOW_TAKEN_AFTER_MS, WINDOW_TAKEN_SHARE } from './limits.ts'
import { mediaCodec } from './mediaCodec.ts'

/** Nothing of a log is needed. */
const NONE = Number.MAX_SAFE_INTEGER

/**
 * What streams need of their logs. INGEST: a live one from where a successor would resume, and never its newest record,
 * on which its publisher builds. MEDIA: from the oldest segment that is not archived, the live window, and the head;
 * nothing once the recording is complete and viewers have had time to come to the end. While nobody can say what is
 * archived, nothing of MEDIA goes, and INGEST is trimmed all the same.
 *
 * What is not archived stays whatever happens. The live window gives way where MEDIA is becoming full: that of an ended
 * stream, since its owner cannot move it any more, and that of a live one whose owner stores nothing, maybe for want of room
 * for its next record, and so gives none up (`yieldingWindow.ts`): whoever follows the stream has all of it.
 */
export const streamRetention: Layer.Layer<Retention, never, Log | Buckets | ArchiveProgress> = Layer.effect(
  Retention,
  Effect.gen(function* () {
    const log = yield* Log
    const { streams } = yield* Buckets
    const unarchivedSeq = firstUnarchived(yield* ArchiveProgress)
    const standsSince = watchHeads()
    const floors = Effect.fnUntraced(function* (id: string, mediaShare: number): Effect.fn.Return<Floors, LogUnavailable> {
      const entry = yield* streams.get(id)
      const head = yield* log.head(log.subject('media', id))
      const live = entry?.value.status === StreamStatus.LIVE
      if (head === undefined) return { ingest: live ? undefined : NONE, media: NONE }
      const read = Result.try(() => mediaCodec.decode(head.data, head.seq))
      // A head that cannot be read does not say what may go: nothing, until there is another.
      if (Result.isFailure(read)) return { ingest: undefined, media: undefined }
      const record = read.success
      const newest = live ? (yield* log.head(log.subject('ingest', id)))?.seq : undefined
      const unarchived = yield* unarchivedSeq(id)
      const stands = standsSince(id, head.seq)
      const gaveWay = mediaShare >= WINDOW_TAKEN_SHARE && (!live || stands >= WINDOW_TAKEN_AFTER_MS)
      return {
        ingest: live ? Math.min(mediaCodec.stampOf(record).resumeSeq, newest ?? NONE) : NONE,
        media: unarchived === undefined ? undefined : Math.min(unarchived, gaveWay ? newestSegmentSeq(record) : windowSeq(record), head.seq)
      }
    })
    return Retention.of({
      ids: Effect.gen(function* () {
        const now_ms = yield* Clock.currentTimeMillis
        return (yield* streams.all).filter(({ value }) => isNeeded(value, now_ms)).map(({ key }) => key)
      }),
      floors
    })
  })
)

/** Where the oldest segment begins that is not archived; undefined while that cannot be known, which is not asked for each stream then. */
const firstUnarchived = (progress: ArchiveProgress['Service']): ((id: string) => Effect.Effect<number | undefined, LogUnavailable>) => {
  let failed_ms = Number.NEGATIVE_INFINITY
  return (id) =>
    performance.now() - failed_ms < UNKNOWN_KEPT_MS
      ? Effect.succeed(undefined)
      : progress.oldestUnarchivedSeq(id).pipe(
          Effect.map((seq) => seq ?? NONE),
          Effect.catchTag(['DatabaseUnavailable', 'StatementRefused'], (error) => {
            failed_ms = performance.now()
            return Effect.as(Effect.logWarning('what is archived is not known: MEDIA is not trimmed', { reason: error.message }), undefined)
          })
        )
}

/** For how long a stream's head has stood where it is, as far as was seen, ms; never by a clock that may be set. */
const watchHeads = (): ((id: string, seq: number) => number) => {
  const heads = new Map<string, { readonly seq: number; readonly since_ms: number }>()
  return (id, seq) => {
    const now_ms = performance.now()
    const known = heads.get(id)
    heads.delete(id)
    heads.set(id, known?.seq === seq ? known : { seq, since_ms: now_ms })
    const oldest = heads.keys().next().value
    if (heads.size > HEADS_WATCHED_MAX && oldest !== undefined) heads.delete(oldest)
    return known?.seq === seq ? now_ms - known.since_ms : 0
  }
}

const windowSeq = ({ checkpoint }: MediaRecord): number => Number(checkpoint?.windowStartSeq ?? 0) || NONE

/** Where the newest segment begins, so that whoever comes now has one to begin with. */
const newestSegmentSeq = ({ checkpoint }: MediaRecord): number => Number(checkpoint?.segments.findLast(({ firstSeq }) => firstSeq > 0n)?.firstSeq ?? 0) || NONE

const isNeeded = ({ status, endedAtMs }: StreamState, now_ms: number): boolean =>
  status !== StreamStatus.ARCHIVED || now_ms - Number(endedAtMs) < ENDED_WINDOW_KEPT_MS
