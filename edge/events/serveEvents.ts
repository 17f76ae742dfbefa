import { Deferred, Effect, Schedule } from 'effect'
import type { Scope } from 'effect'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import type { Outflow } from '../http/Outflow.ts'
import { EventLog } from './EventLog.ts'
import { readEvent } from './eventMessage.ts'
import { COMMENT_MS, FOLLOW_RETRY_MS, REPLAY_BEHIND_MAX, REPLAY_LOOK_MS, RETRY_MS } from './limits.ts'
import { Resumption } from './Resumption.ts'

const HELLO = Buffer.from(`retry: ${RETRY_MS}\n\n`)
const COMMENT = Buffer.from(':\n\n')

/** Sends the events of a stream as they happen, those behind `after` first where it is given, until the client goes away. */
export type ServeEvents = (flow: Outflow, id: string, after: number | undefined) => Effect.Effect<void>

/** Serves from the log, of which one reader is shared by all who are up to date; who is not has one of its own until it is. */
export const serveEvents: Effect.Effect<ServeEvents, never, Log | EventLog> = Effect.gen(function* () {
  const log = yield* Log
  const events = yield* EventLog
  const replay = Effect.fnUntraced(function* (flow: Outflow, id: string, after: number, resumption: Resumption): Effect.fn.Return<number, LogUnavailable, Scope.Scope> {
    const at = log.subject('events', id)
    const to = (yield* log.head(at))?.seq ?? 0
    if (to <= after) return to
    const reached = yield* Deferred.make<void>()
    const { more } = yield* log.mailbox(at, `events-${newId()}`, after + 1, (entry) => {
      const event = entry.seq <= to ? readEvent(entry) : undefined
      if (event !== undefined) resumption.replay(event)
      if (entry.seq >= to || resumption.overrun) Deferred.doneUnsafe(reached, Effect.void)
    })
    const asRead = Effect.forever(Effect.andThen(flow.drained, Effect.andThen(Effect.sync(more), Effect.sleep(REPLAY_LOOK_MS))))
    yield* Effect.raceFirst(Deferred.await(reached), asRead)
    return to
  })
  return (flow, id, after) =>
    Effect.gen(function* () {
      flow.write(HELLO)
      const resumption = new Resumption(({ block }) => flow.write(block), REPLAY_BEHIND_MAX)
      const forget = events.onEvent((event) => event.streamId === id && resumption.happen(event))
      yield* Effect.addFinalizer(() => Effect.sync(forget))
      yield* untilAnswered(events.follow)
      const to = after === undefined ? 0 : yield* Effect.scoped(untilAnswered(replay(flow, id, after, resumption)))
      // The client comes back by itself, and says up to where it is.
      if (resumption.overrun) return
      resumption.goOn(to)
      yield* Effect.forever(Effect.andThen(Effect.sleep(COMMENT_MS), Effect.sync(() => flow.write(COMMENT))))
    }).pipe(Effect.scoped)
})

/** Whoever listens waits where the log does not answer. Nothing has been sent by then. */
const untilAnswered = <A>(request: Effect.Effect<A, LogUnavailable, Scope.Scope>): Effect.Effect<A, never, Scope.Scope> =>
  request.pipe(
    Effect.tapError(({ reason }) => Effect.logDebug('events cannot be read now', { reason })),
    Effect.retry(Schedule.spaced(FOLLOW_RETRY_MS)),
    Effect.orDie
  )
