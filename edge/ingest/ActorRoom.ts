import { Context, Effect, Layer } from 'effect'
import { Nodes } from '../../runtime/Nodes.ts'
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

/** The room as the nodes' heartbeats and the bucket of streams tell it. */
export const actorRoom = Layer.effect(
  ActorRoom,
  Effect.gen(function* () {
    const nodes = yield* Nodes
    const changes = yield* StreamChanges
    const promised = new Set<string>()
    const live = (): number => changes.live().size + promised.size
    yield* Effect.acquireRelease(
      Effect.sync(() => changes.onLife({ started: ({ streamId }) => void promised.delete(streamId), ended: () => undefined })),
      (forget) => Effect.sync(forget)
    )
    return {
      // Where this node does not hear itself, that it hears nobody else says nothing.
      refusal: () => (nodes.isHealthy() ? roomForActors(nodes.live(), live()).refusal : undefined),
      promise: (id) => {
        if (!changes.live().has(id)) promised.add(id)
      },
      figures: () => ({ capacity: roomForActors(nodes.live(), 0).capacity, live: live() })
    }
  })
).pipe(Layer.provide(StreamChanges.layer))
