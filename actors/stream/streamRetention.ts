import { Clock, Effect, Layer, Result } from 'effect'
import { type StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { type Floors, Retention } from '../../runtime/Retention.ts'
import { ArchiveProgress } from '../archive/ArchiveProgress.ts'
import { ENDED_WINDOW_KEPT_MS } from './limits.ts'
import { mediaCodec } from './mediaCodec.ts'

/** Nothing of a log is needed. */
const NONE = Number.MAX_SAFE_INTEGER

/**
 * What streams need of their logs. INGEST: a live one from where a successor would resume, and never its newest record,
 * on which its publisher builds. MEDIA: from the oldest segment that is not archived, the live window, and the head;
 * nothing once the recording is complete and viewers have had time to come to the end.
 */
export const streamRetention: Layer.Layer<Retention, never, Log | Buckets | ArchiveProgress> = Layer.effect(
  Retention,
  Effect.gen(function* () {
    const log = yield* Log
    const { streams } = yield* Buckets
    const progress = yield* ArchiveProgress
    const floors = Effect.fnUntraced(function* (id: string): Effect.fn.Return<Floors, LogUnavailable> {
      const entry = yield* streams.get(id)
      const head = yield* log.head(log.subject('media', id))
      const live = entry?.value.status === StreamStatus.LIVE
      if (head === undefined) return { ingest: live ? undefined : NONE, media: NONE }
      const read = Result.try(() => mediaCodec.decode(head.data, head.seq))
      // A head that cannot be read does not say what may go: nothing, until there is another.
      if (Result.isFailure(read)) return { ingest: undefined, media: undefined }
      const record = read.success
      const newest = live ? (yield* log.head(log.subject('ingest', id)))?.seq : undefined
      const unarchived = yield* progress.oldestUnarchivedSeq(id).pipe(
        Effect.catchTag(['DatabaseUnavailable', 'StatementRefused'], (error) => new LogUnavailable({ operation: `progress of ${id}`, reason: error.message }))
      )
      const window = Number(record.checkpoint?.windowStartSeq ?? 0)
      return {
        ingest: live ? Math.min(mediaCodec.stampOf(record).resumeSeq, newest ?? NONE) : NONE,
        media: Math.min(unarchived ?? NONE, window === 0 ? NONE : window, head.seq)
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

const isNeeded = ({ status, endedAtMs }: StreamState, now_ms: number): boolean =>
  status !== StreamStatus.ARCHIVED || now_ms - Number(endedAtMs) < ENDED_WINDOW_KEPT_MS
