import { Effect, Layer } from 'effect'
import { type StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { forgetKey } from '../../runtime/forgetKey.ts'
import type { Nats } from '../../runtime/Nats.ts'
import { Recordings } from '../database/Recordings.ts'
import { lossesIn } from './keptLosses.ts'
import { ENTRY_KEPT_MS, PRUNE_CONCURRENCY, PRUNE_MS } from './limits.ts'

/** Whether a stream's entry has been needed long enough: its recording is complete, and nobody watches its end any more. */
const mayLeave = ({ status, endedAtMs }: StreamState, now_ms: number): boolean =>
  status === StreamStatus.ARCHIVED && now_ms - Number(endedAtMs) >= ENTRY_KEPT_MS

/**
 * Takes entries of recordings that are complete out of the bucket `streams`, which every node reads whole: from then on
 * the table of recordings tells that the id was used, and keeps what was lost. Gives how many left. Several nodes at it
 * do no harm.
 */
export const pruneStreams = Effect.fnUntraced(function* (now_ms: number) {
  const { streams } = yield* Buckets
  const recordings = yield* Recordings
  const over = (yield* streams.all).filter(({ value }) => mayLeave(value, now_ms))
  const left = yield* Effect.forEach(over, ({ key, value, revision }) =>
    Effect.gen(function* () {
      // Every end plants a row, also of what has no media, which is never `ready`; without it nothing would tell that the id was used.
      const row = yield* recordings.get(key)
      if (row === undefined || row.endedAt_ms === null || (value.renditions.length > 0 && row.status !== 'ready')) return 0
      const losses = lossesIn(value)
      if (losses !== undefined) yield* recordings.keepLosses(key, losses)
      yield* streams.remove(key, revision)
      yield* forgetKey('streams', key)
      return 1
    }).pipe(Effect.catchTag('RevisionConflict', () => Effect.succeed(0))), { concurrency: PRUNE_CONCURRENCY })
  return left.reduce((sum, one) => sum + one, 0)
})

/** Prunes every now and then. */
export const streamPruner: Layer.Layer<never, never, Buckets | Nats | Recordings> = Layer.effectDiscard(
  Effect.clockWith((clock) => Effect.suspend(() => pruneStreams(clock.currentTimeMillisUnsafe()))).pipe(
    Effect.tap((left) => (left > 0 ? Effect.logInfo('entries of complete recordings left the bucket', { left }) : Effect.void)),
    Effect.catch((error) => Effect.logWarning('entries of complete recordings stay in the bucket', { reason: error.message })),
    Effect.andThen(Effect.sleep(PRUNE_MS)),
    Effect.forever,
    Effect.forkScoped
  )
)
