import { fromBinary } from '@bufbuild/protobuf'
import { Context, Effect, Layer } from 'effect'
import { type SegmentClosed, SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { ARCHIVE_CONSUMER } from '../../runtime/Janitor.ts'
import { type WorkItem, WorkQueue } from '../../runtime/WorkQueue.ts'
import type { ArchiveState } from './archive.ts'
import { type ArchiveDesk, now_ms, openDesk, type TaskOutcome } from './ArchiveDesk.ts'
import { archiveSegment, type StoredInits } from './archiveSegment.ts'
import { ArchiveSettings } from './ArchiveSettings.ts'
import { giveUpSegment } from './giveUpSegment.ts'
import { ACK_WAIT_MS, WORKING_MS } from './limits.ts'
import { type Around, performSteps } from './performSteps.ts'

/** The workers of this node that bring closed segments into the archive. They share the queue with those of all nodes. */
export class Archiver extends Context.Service<Archiver, {
  /** Counts and breakers, for metrics and readiness. */
  readonly state: Effect.Effect<ArchiveState>
}>()('millrace/actors/archive/Archiver') {
  static readonly layer = Layer.effect(
    Archiver,
    Effect.gen(function* () {
      const settings = yield* ArchiveSettings
      const queue = yield* WorkQueue
      const around = yield* Effect.context<Around>()
      const stored: StoredInits = new Set()
      const desk = openDesk()
      yield* queue.consume(
        { log: 'SEGMENTS', durable: ARCHIVE_CONSUMER, concurrency: settings.concurrency, ackWait_ms: ACK_WAIT_MS, ready: () => desk.mayTake(Effect.runSyncWith(around)(now_ms)) },
        // A worker that stops gives back what it holds, or it would lie until the acknowledgement wait is over.
        (item) => handle(item, stored, desk).pipe(Effect.onInterrupt(() => item.retryIn(0)), Effect.provideContext(around))
      )
      return { state: Effect.sync(desk.state) }
    })
  )
}

const decodeAnnouncement = (data: Uint8Array): SegmentClosed | undefined => {
  try {
    return fromBinary(SegmentClosedSchema, data)
  } catch {
    return undefined
  }
}

const handle = Effect.fnUntraced(function* (item: WorkItem, stored: StoredInits, desk: ArchiveDesk): Effect.fn.Return<void, never, Around> {
  const announced = decodeAnnouncement(item.entry.data)
  const name = announced === undefined ? `record ${item.entry.seq}` : `${announced.streamId} ${announced.rendition} ${announced.msn}`
  const work = announced === undefined ? unreadable : Effect.flatMap(performSteps(archiveSegment(announced, stored)), told(name))
  const giveUp = (reason: string) => (announced === undefined ? Effect.void : performSteps(giveUpSegment(announced, reason, item.entry)))
  const working = Effect.forever(Effect.andThen(Effect.sleep(WORKING_MS), item.working))
  const settled = yield* Effect.raceFirst(desk.attempt({ name, deliveries: item.deliveries }, { work, giveUp }), working)
  yield* settled._tag === 'Ack' ? item.ack : item.retryIn(settled.delay_ms)
})

const told =
  (segment: string) =>
  (outcome: TaskOutcome & { readonly reason?: string }): Effect.Effect<TaskOutcome> =>
    outcome._tag === 'Ignored' ? Effect.as(Effect.logWarning('an announcement is ignored', { segment, reason: outcome.reason }), outcome) : Effect.succeed(outcome)

const unreadable: Effect.Effect<TaskOutcome> = Effect.as(Effect.logWarning('an announcement that cannot be read is ignored'), { _tag: 'Ignored' })
