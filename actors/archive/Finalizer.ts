import { Context, Effect, Layer } from 'effect'
import { Buckets } from '../../runtime/Bucket.ts'
import { isId } from '../../runtime/ids.ts'
import { subjects } from '../../runtime/topology.ts'
import { type WorkItem, WorkQueue } from '../../runtime/WorkQueue.ts'
import type { ArchiveState } from './archive.ts'
import { type ArchiveDesk, now_ms, openDesk, type Settled, type TaskOutcome } from './ArchiveDesk.ts'
import { ArchiveSettings } from './ArchiveSettings.ts'
import { isOver } from './endOfRecording.ts'
import { type Finalized, finalizeRecording } from './finalizeRecording.ts'
import { ACK_WAIT_MS, FINALIZE_CONCURRENCY, FINALIZE_DELIVERIES_MAX, WORKING_MS } from './limits.ts'
import { type Around, performSteps } from './performSteps.ts'

/** Kind of the command that hints at an ended stream: `tell('finalize', streamId)`. */
export const FINALIZE = 'finalize'

/**
 * Completes recordings on this node: at once on a hint, and sooner or later for every ended stream, since it looks for
 * them. Several nodes at the same recording do no harm.
 */
export class Finalizer extends Context.Service<Finalizer, {
  /** Streams that are ended and not archived, as of the last look. */
  readonly waiting: Effect.Effect<number>
  /** Counts and breakers, for metrics and readiness. */
  readonly state: Effect.Effect<ArchiveState>
}>()('millrace/actors/archive/Finalizer') {
  static readonly layer = Layer.effect(
    Finalizer,
    Effect.gen(function* () {
      const settings = yield* ArchiveSettings
      const queue = yield* WorkQueue
      const { streams } = yield* Buckets
      const around = yield* Effect.context<Around>()
      const desk = openDesk()
      const inHand = new Set<string>()
      const later = new Map<string, Later>()
      let waiting = 0
      const attempt = (id: string, deliveries: number): Effect.Effect<Settled> =>
        Effect.suspend(() => {
          if (inHand.has(id)) return Effect.succeed<Settled>({ _tag: 'Ack' })
          inHand.add(id)
          return finalize(desk, id, deliveries).pipe(Effect.provideContext(around), Effect.ensuring(Effect.sync(() => inHand.delete(id))))
        })
      const visit = Effect.fnUntraced(function* (id: string) {
        const { times, notBefore_ms } = later.get(id) ?? { times: 0, notBefore_ms: 0 }
        const begun_ms = yield* now_ms
        if (begun_ms < notBefore_ms || !desk.mayTake(begun_ms)) return
        const settled = yield* attempt(id, times + 1)
        if (settled._tag === 'RetryIn') later.set(id, { times: times + 1, notBefore_ms: begun_ms + settled.delay_ms })
      })
      const sweep = Effect.gen(function* () {
        const ended = (yield* streams.all).filter(({ value }) => isOver(value)).sort((a, b) => Number(a.value.endedAtMs - b.value.endedAtMs))
        waiting = ended.length
        const ids = new Set(ended.map(({ key }) => key))
        for (const id of later.keys()) if (!ids.has(id)) later.delete(id)
        yield* Effect.forEach(ids, visit, { concurrency: FINALIZE_CONCURRENCY, discard: true })
      }).pipe(Effect.catchTag('LogUnavailable', (error) => Effect.logWarning('cannot look for ended streams', { reason: error.reason })))
      yield* queue.consume(
        { log: 'COMMANDS', durable: FINALIZE, filter: subjects.command(FINALIZE, '*'), concurrency: FINALIZE_CONCURRENCY, ackWait_ms: ACK_WAIT_MS },
        (item) => Effect.onInterrupt(handleHint(item, attempt), () => item.retryIn(0))
      )
      yield* sweep.pipe(Effect.andThen(Effect.sleep(settings.sweep_ms)), Effect.forever, Effect.forkScoped)
      return { waiting: Effect.sync(() => waiting), state: Effect.sync(desk.state) }
    })
  )
}

/** A recording that could not be completed when it was looked at. */
interface Later {
  readonly times: number
  readonly notBefore_ms: number
}

const OUTCOMES: Readonly<Record<Finalized, TaskOutcome>> = {
  Ready: { _tag: 'Archived' },
  Unknown: { _tag: 'Ignored' },
  Waiting: { _tag: 'Waiting' },
  NotEnded: { _tag: 'Waiting' }
}

const finalize = (desk: ArchiveDesk, id: string, deliveries: number): Effect.Effect<Settled, never, Around> =>
  desk.attempt(
    { name: id, deliveries },
    {
      work: performSteps(finalizeRecording(id)).pipe(
        Effect.tap((outcome) => (outcome === 'Ready' ? Effect.logInfo('recording is complete', { id }) : Effect.void)),
        Effect.map((outcome) => OUTCOMES[outcome])
      ),
      // Nothing is lost by a recording that is not completed: the next look at ended streams tries again.
      giveUp: (reason) => Effect.logError('a recording cannot be completed', { id, reason })
    }
  )

/** A hint is dropped when it is of no use any more; the look for ended streams does the rest. */
const handleHint = (item: WorkItem, attempt: (id: string, deliveries: number) => Effect.Effect<Settled>): Effect.Effect<void> => {
  const id = item.entry.subject.slice(subjects.command(FINALIZE, '').length)
  if (!isId(id)) return item.ack
  const working = Effect.forever(Effect.andThen(Effect.sleep(WORKING_MS), item.working))
  return Effect.flatMap(Effect.raceFirst(attempt(id, item.deliveries), working), (settled) =>
    settled._tag === 'Ack' || item.deliveries >= FINALIZE_DELIVERIES_MAX ? item.ack : item.retryIn(settled.delay_ms)
  )
}
