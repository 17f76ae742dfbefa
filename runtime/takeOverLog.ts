import { Clock, Effect, Result } from 'effect'
import type { ActorKind, Owned } from './ActorKind.ts'
import { countTakeover } from './counters.ts'
import { type Appender, Log } from './Log.ts'
import { newestReadable } from './newestReadable.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { type Break, decideTakeOver } from './takeOver.ts'
import type { LogSubject } from './topology.ts'

/** An actor just taken over, and the appender that is fenced by whoever takes it over next. */
export interface TakenOver<Record> {
  readonly owned: Owned<Record>
  readonly appender: Appender
}

/**
 * Appends the TakeOver, reading the head again whenever an older owner has written meanwhile. Fails with `Superseded`
 * where a newer one has, with `NotWanted` where the actor is over and its log is gone. What damaged records at the head said is made again from where the record before them stands;
 * a log of which nothing can be read is a defect.
 */
export const takeOverLog = Effect.fnUntraced(function* <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>, id: string, leaseRevision: number, broke?: Break) {
  const log = yield* Log
  const { node } = yield* RuntimeSettings
  const outbox = log.subject(kind.outbox, id)
  while (true) {
    const entry = yield* log.head(outbox)
    const newest = entry === undefined ? undefined : yield* newestReadable(log, outbox, entry, kind.codec.decode)
    if (newest !== undefined && Result.isFailure(newest)) return yield* Effect.die(newest.failure)
    const head = entry === undefined || newest === undefined ? undefined : { seq: entry.seq, record: newest.success.record }
    if (entry === undefined && !(yield* kind.isWanted(id))) return yield* Effect.fail(NOT_WANTED)
    const step = decideTakeOver(kind.codec, head, leaseRevision, broke)
    if (step._tag === 'Superseded') return yield* Effect.fail(step)
    const appender = log.appender(outbox, step.expected)
    const writtenAt_ms = yield* Clock.currentTimeMillis
    const token = yield* appender.append(kind.codec.encode(step.record, { ...step.stamp, node, writtenAt_ms })).pipe(
      Effect.catchTag('Fenced', () => Effect.succeed(undefined))
    )
    if (token === undefined) continue
    if (step.previousToken > 0) yield* Effect.forkChild(removeConsumer(log.subject(kind.inbox, id), consumerName(id, step.previousToken)))
    yield* countTakeover(head === undefined ? 'new' : 'running')
    yield* Effect.logInfo('taken over', { token, attempts: step.stamp.attempts })
    const owned: Owned<Record> = { id, token, head: head?.record, resumeSeq: step.stamp.resumeSeq, attempts: step.stamp.attempts, brokenBy: step.stamp.brokenBy ?? '' }
    const takenOver: TakenOver<Record> = { owned, appender }
    return takenOver
  }
})

/** An actor whose log is empty is new, or over and its log trimmed. */
const NOT_WANTED = { _tag: 'NotWanted' } as const

/** Name of the consumer of one ownership of an actor. */
export const consumerName = (id: string, token: number): string => `${id}-${token}`

/** The old owner's consumer goes; where it is gone already, or cannot be reached, its own idle limit ends it. */
const removeConsumer = (at: LogSubject, name: string): Effect.Effect<void, never, Log> =>
  Effect.flatMap(Log, (log) => log.removeMailbox(at, name)).pipe(
    Effect.catch((error) => Effect.logDebug('consumer of the owner before', { name, reason: error.reason }))
  )
