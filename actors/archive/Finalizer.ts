import { Cause, Context, Effect, Layer } from 'effect'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { isId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { subjects } from '../../runtime/topology.ts'
import { type WorkItem, WorkQueue } from '../../runtime/WorkQueue.ts'
import { Recordings } from '../database/Recordings.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { ArchiveSettings } from './ArchiveSettings.ts'
import { type Finalized, finalizeRecording } from './finalizeRecording.ts'
import { ACK_WAIT_MS, FINALIZE_CONCURRENCY, FINALIZE_DELIVERIES_MAX, FINALIZE_RETRY_MS, WORKING_MS } from './limits.ts'

/** Kind of the command that hints at an ended stream: `tell('finalize', streamId)`. */
export const FINALIZE = 'finalize'

/** Where a recording stands; `Failed` where something that it needs was away: it is tried again. */
type Attempt = Finalized | 'Failed'

/**
 * Completes recordings on this node: at once on a hint, and sooner or later for every ended stream, since it looks for
 * them. Several nodes at the same recording do no harm.
 */
export class Finalizer extends Context.Service<Finalizer, {
  /** Streams that are ended and not archived, as of the last look. */
  readonly waiting: Effect.Effect<number>
}>()('millrace/actors/archive/Finalizer') {
  static readonly layer = Layer.effect(
    Finalizer,
    Effect.gen(function* () {
      const settings = yield* ArchiveSettings
      const queue = yield* WorkQueue
      const { streams } = yield* Buckets
      const around = yield* Effect.context<Log | Buckets | ObjectStore | Recordings | ArchiveSettings>()
      const inHand = new Set<string>()
      let waiting = 0
      const attempt = (id: string): Effect.Effect<Attempt> =>
        Effect.suspend(() => {
          if (inHand.has(id)) return Effect.succeed<Attempt>('Waiting')
          inHand.add(id)
          return tryOnce(id).pipe(Effect.provideContext(around), Effect.ensuring(Effect.sync(() => inHand.delete(id))))
        })
      const sweep = Effect.gen(function* () {
        const all = yield* streams.all
        const ended = all.filter(({ value }) => value.status === StreamStatus.ENDED || value.status === StreamStatus.FAILED)
        waiting = ended.length
        yield* Effect.forEach(ended, ({ key }) => attempt(key), { concurrency: FINALIZE_CONCURRENCY, discard: true })
      }).pipe(Effect.catchTag('LogUnavailable', (error) => Effect.logWarning('cannot look for ended streams', { reason: error.reason })))
      yield* queue.consume(
        { log: 'COMMANDS', durable: FINALIZE, filter: subjects.command(FINALIZE, '*'), concurrency: FINALIZE_CONCURRENCY, ackWait_ms: ACK_WAIT_MS },
        (item) => Effect.onInterrupt(handleHint(item, attempt), () => item.retryIn(0))
      )
      yield* sweep.pipe(Effect.andThen(Effect.sleep(settings.sweep_ms)), Effect.forever, Effect.forkScoped)
      return { waiting: Effect.sync(() => waiting) }
    })
  )
}

const tryOnce = (id: string) =>
  finalizeRecording(id).pipe(
    Effect.tap((outcome) => (outcome === 'Ready' ? Effect.logInfo('recording is complete', { id }) : Effect.void)),
    Effect.map((outcome): Attempt => outcome),
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.as(Effect.logWarning('a recording cannot be completed yet', { id }, Cause.squash(cause)), 'Failed' as Attempt)
    )
  )

/** A hint is dropped when it is of no use any more; the look for ended streams does the rest. */
const handleHint = (item: WorkItem, attempt: (id: string) => Effect.Effect<Attempt>): Effect.Effect<void> => {
  const id = item.entry.subject.slice(subjects.command(FINALIZE, '').length)
  if (!isId(id)) return item.ack
  const working = Effect.forever(Effect.andThen(Effect.sleep(WORKING_MS), item.working))
  return Effect.flatMap(Effect.raceFirst(attempt(id), working), (outcome) =>
    outcome === 'Ready' || outcome === 'Unknown' || item.deliveries >= FINALIZE_DELIVERIES_MAX ? item.ack : item.retryIn(FINALIZE_RETRY_MS)
  )
}
