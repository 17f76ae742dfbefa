import { Context, Effect, Layer, Schedule } from 'effect'
import { Nodes } from '../../runtime/Nodes.ts'
import { PROMISE_KEPT_MS, ROOM_CHECK_MS } from './limits.ts'
import { roomForActors } from './roomForActors.ts'
import { StreamChanges } from './StreamChanges.ts'

/** Whether somebody would own one more stream. */
export interface ActorRoomShape {
  /** Why no new stream may start now; undefined: one may. Streams that run are never asked about. */
  readonly refusal: () => string | undefined
  /** A new stream begins here, before the bucket shows it. */
  readonly promise: (id: string) => void
  readonly figures: () => { readonly capacity: number; readonly live: number }
}

/** The room on the platform's actor nodes. Without nodes in sight of this edge: always room. */
export class ActorRoom extends Context.Reference<ActorRoomShape>('millrace/edge/ingest/ActorRoom', {
  defaultValue: () => ({ refusal: () => undefined, promise: () => undefined, figures: () => ({ capacity: 0, live: 0 }) })
}) {}

/** The room as the nodes' heartbeats and the bucket of streams tell it. Says in the log when there begins to be none, and when there is some again. */
export const actorRoom = Layer.effect(
  ActorRoom,
  Effect.gen(function* () {
    const nodes = yield* Nodes
    const changes = yield* StreamChanges
    const promised = new Map<string, () => void>()
    const live = (): number => changes.live().size + promised.size
    // Where this node does not hear itself, that it hears nobody else says nothing.
    const refusal = (): string | undefined => (nodes.isHealthy() ? roomForActors(nodes.live(), live()).refusal : undefined)
    yield* Effect.addFinalizer(() => Effect.sync(() => [...promised.values()].forEach((forget) => forget())))
    yield* Effect.forkScoped(sayChanges(refusal))
    return {
      refusal,
      promise: (id) => {
        promised.get(id)?.()
        if (!changes.live().has(id)) promised.set(id, awaitNews(changes, id, () => promised.delete(id)))
      },
      figures: () => ({ capacity: roomForActors(nodes.live(), 0).capacity, live: live() })
    }
  })
).pipe(Layer.provide(StreamChanges.layer))

/** Waits for any news of a stream, for a bounded time; then, or once the returned function is called, it is over. */
const awaitNews = (changes: StreamChanges['Service'], id: string, over: () => void): (() => void) => {
  const forget = (): void => {
    clearTimeout(timer)
    unwatch()
    over()
  }
  const timer = setTimeout(forget, PROMISE_KEPT_MS)
  const unwatch = changes.onStream(id, forget)
  return forget
}

/** Warns once when new streams begin to be refused, and when they are taken again. */
const sayChanges = (refusal: () => string | undefined): Effect.Effect<void> => {
  let said = false
  const look = Effect.suspend(() => {
    const reason = refusal()
    if ((reason !== undefined) === said) return Effect.void
    said = reason !== undefined
    return said ? Effect.logWarning('new streams are refused', { reason }) : Effect.logWarning('new streams are taken again')
  })
  return Effect.asVoid(Effect.repeat(look, Schedule.spaced(ROOM_CHECK_MS)))
}
