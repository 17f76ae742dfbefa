import { Context, Effect, Layer, RcRef } from 'effect'
import type { Scope } from 'effect'
import { listen } from '../../runtime/callbacks.ts'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { allEvents } from '../../runtime/topology.ts'
import { type EventMessage, readEvent } from './eventMessage.ts'

/** The events of all streams as they happen, followed once for all who listen at this edge, and only while somebody does. */
export class EventLog extends Context.Service<EventLog, {
  /** Events come until the scope closes: once this resolves, all that are stored from then on. */
  readonly follow: Effect.Effect<void, LogUnavailable, Scope.Scope>
  /** Calls back with each event that comes, each once and in order, until the returned function is called. */
  readonly onEvent: (listener: (event: EventMessage) => void) => () => void
}>()('millrace/edge/events/EventLog') {
  static readonly layer = Layer.effect(
    EventLog,
    Effect.gen(function* () {
      const log = yield* Log
      const listeners = new Set<(event: EventMessage) => void>()
      const acquire = Effect.gen(function* () {
        const { lastSeq } = yield* log.usage(allEvents.log)
        yield* log.follow(allEvents, lastSeq + 1, (entry) => {
          const event = readEvent(entry)
          if (event !== undefined) listeners.forEach((listener) => listener(event))
        })
      })
      const shared = yield* RcRef.make({ acquire })
      return EventLog.of({
        follow: RcRef.get(shared),
        onEvent: (listener) => listen(listeners, listener)
      })
    })
  )
}
