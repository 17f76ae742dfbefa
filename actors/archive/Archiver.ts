import { fromBinary } from '@bufbuild/protobuf'
import { Clock, Context, Effect, Layer, Random } from 'effect'
import { type SegmentClosed, SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { park } from '../../runtime/deadLetters.ts'
import type { LogFull, LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { type WorkItem, WorkQueue } from '../../runtime/WorkQueue.ts'
import type { DatabaseError } from '../database/errors.ts'
import { Recordings } from '../database/Recordings.ts'
import type { ObjectTooBig, StoreUnavailable } from '../storage/errors.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { type ArchiveAction, type ArchiveMessage, type ArchiveState, decide, type Dependency, initialArchive } from './archive.ts'
import { type ArchiveOutcome, archiveSegment, rowOf, seedOf, type StoredInits } from './archiveSegment.ts'
import { ArchiveSettings } from './ArchiveSettings.ts'
import { ACK_WAIT_MS, WORKING_MS } from './limits.ts'

/** Everything that an archive worker writes to or reads from. */
type Around = Log | Buckets | ObjectStore | Recordings

const NANOSECONDS_PER_MS = 1_000_000n

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
      let state = initialArchive
      const tell = (message: ArchiveMessage): Effect.Effect<ArchiveAction> =>
        Effect.map(Clock.monotonicTimeNanos, (now) => {
          const decision = decide(state, message, Number(now / NANOSECONDS_PER_MS))
          state = decision.state
          return decision.action
        })
      yield* queue.consume(
        { log: 'SEGMENTS', durable: 'archive', concurrency: settings.concurrency, ackWait_ms: ACK_WAIT_MS },
        // A worker that stops gives back what it holds, or it would lie until the acknowledgement wait is over.
        (item) => handle(item, stored, tell).pipe(Effect.onInterrupt(() => item.retryIn(0)), Effect.provideContext(around))
      )
      return { state: Effect.sync(() => state) }
    })
  )
}

type Tell = (message: ArchiveMessage) => Effect.Effect<ArchiveAction>

interface InHand {
  readonly item: WorkItem
  readonly announced: SegmentClosed
  readonly segment: string
}

const decodeAnnouncement = (data: Uint8Array): SegmentClosed | undefined => {
  try {
    return fromBinary(SegmentClosedSchema, data)
  } catch {
    return undefined
  }
}

const handle = Effect.fnUntraced(function* (item: WorkItem, stored: StoredInits, tell: Tell): Effect.fn.Return<void, never, Around> {
  const announced = decodeAnnouncement(item.entry.data)
  const segment = announced === undefined ? `record ${item.entry.seq}` : `${announced.streamId} ${announced.rendition} ${announced.msn}`
  if (announced === undefined) {
    yield* tell({ _tag: 'Ignored', segment })
    yield* Effect.logWarning('an announcement that cannot be read is ignored', { subject: item.entry.subject, seq: item.entry.seq })
    return yield* item.ack
  }
  const inHand = { item, announced, segment }
  let action = yield* tell({ _tag: 'Received', segment, jitter: yield* Random.next })
  while (action._tag === 'Archive' || action._tag === 'GiveUp') action = yield* tell(yield* perform(action, inHand, stored))
  yield* action._tag === 'Ack' ? item.ack : item.retryIn(action.delay_ms)
})

type Trouble = LogUnavailable | LogFull | StoreUnavailable | ObjectTooBig | DatabaseError
type Work = ArchiveAction & { readonly _tag: 'Archive' | 'GiveUp' }

/** Does what was decided, saying meanwhile that work goes on; what came of it as a message, never a failure. */
const perform = (work: Work, inHand: InHand, stored: StoredInits): Effect.Effect<ArchiveMessage, never, Around> => {
  const { item, segment } = inHand
  const unavailable = (dependency: Dependency, reason: string): Effect.Effect<ArchiveMessage> =>
    Effect.gen(function* () {
      yield* Effect.logWarning('a segment has to wait', { segment, dependency, reason, deliveries: item.deliveries })
      return { _tag: 'Unavailable', segment, dependency, deliveries: item.deliveries, jitter: yield* Random.next }
    })
  /** What cannot even be given up is let go, or it would come back for ever. */
  const damaged = (reason: string): Effect.Effect<ArchiveMessage> =>
    work._tag === 'GiveUp'
      ? Effect.as(Effect.logError('a segment is let go without a trace', { segment, reason }), { _tag: 'GivenUp', segment })
      : Effect.map(Random.next, (jitter) => ({ _tag: 'Damaged', segment, reason, deliveries: item.deliveries, jitter }))
  const working = Effect.forever(Effect.andThen(Effect.sleep(WORKING_MS), item.working))
  const archiving = Effect.flatMap(archiveSegment(inHand.announced, stored), (outcome) => messageOf(outcome, segment, damaged))
  const job: Effect.Effect<ArchiveMessage, Trouble, Around> = work._tag === 'Archive' ? archiving : giveUp(inHand, work.reason)
  return Effect.raceFirst(job, working).pipe(
    // One segment that meets a bug must not take the worker with it.
    Effect.catchDefect((defect) => Effect.andThen(Effect.logError('archiving met a defect', { segment }, defect), damaged(`a defect: ${String(defect)}`))),
    Effect.catchTags({
      LogUnavailable: (error) => unavailable('log', `${error.operation}: ${error.reason}`),
      LogFull: (error) => unavailable('log', `${error.subject} is full`),
      StoreUnavailable: (error) => unavailable('store', `${error.operation}: ${error.reason}`),
      DatabaseUnavailable: (error) => unavailable('database', error.reason),
      StatementRefused: (error) => damaged(`the database refuses it: ${error.code} ${error.reason}`),
      ObjectTooBig: (error) => damaged(`it has ${error.bytes} bytes, more than ${error.limit}`)
    })
  )
}

const messageOf = (outcome: ArchiveOutcome, segment: string, damaged: (reason: string) => Effect.Effect<ArchiveMessage>): Effect.Effect<ArchiveMessage> => {
  switch (outcome._tag) {
    case 'Damaged':
      return Effect.andThen(Effect.logWarning('a segment is damaged in the log', { segment, reason: outcome.reason }), damaged(outcome.reason))
    case 'Ignored':
      return Effect.as(Effect.logWarning('an announcement is ignored', { segment, reason: outcome.reason }), { _tag: 'Ignored', segment })
    default:
      return Effect.succeed({ _tag: outcome._tag, segment })
  }
}

/** Records the segment as lost, where its stream is known, so that the recording can end without it, and parks the announcement. */
const giveUp = Effect.fnUntraced(function* ({ item, announced, segment }: InHand, reason: string) {
  const { streams } = yield* Buckets
  const recordings = yield* Recordings
  const entry = yield* streams.get(announced.streamId)
  const recording = entry === undefined ? undefined : seedOf(entry.value)
  if (recording !== undefined) {
    yield* recordings
      .addSegment(recording, rowOf(announced, null, reason))
      .pipe(Effect.catchTag('StatementRefused', (error) => Effect.logError('a lost segment has no row', { segment, reason: error.reason })))
  }
  yield* park('segment', announced.streamId, reason, item.entry)
  return { _tag: 'GivenUp', segment } as ArchiveMessage
})
