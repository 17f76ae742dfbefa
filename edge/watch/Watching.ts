import { Context, Effect, FiberSet, Layer, Schedule } from 'effect'
import { EdgeSettings } from '../EdgeSettings.ts'
import { Counters } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { StreamChanges } from '../ingest/StreamChanges.ts'
import { type FollowError, StreamFollower } from '../playback/StreamFollower.ts'
import { LiveFigures } from '../viewers/LiveFigures.ts'
import { Presence } from '../viewers/Presence.ts'
import { Audience, type AudiencePort } from './Audience.ts'
import { SWEEP_MS } from './limits.ts'
import { CLOSE } from './messages.ts'
import { overByBucket } from './streamPhase.ts'
import type { WatchedStream } from './WatchedStream.ts'

/** The viewers of this edge that get fragments pushed. */
export class Watching extends Context.Service<Watching, Pick<Audience, 'connect' | 'figures'>>()('millrace/edge/watch/Watching') {
  static readonly layer = Layer.effect(
    Watching,
    Effect.gen(function* () {
      const { app } = yield* HttpServer
      const settings = yield* EdgeSettings
      const presence = yield* Presence
      const figures = yield* LiveFigures
      const warn = Effect.runForkWith(yield* Effect.context())
      const audience = new Audience({
        socketsMax: settings.watchSocketsMax,
        socketsPerAddressMax: settings.watchSocketsPerAddressMax,
        counters: yield* Counters,
        publish: (topic, message) => void app.publish(topic, message, true),
        broke: (stream, defect) => void warn(Effect.logError('a stream could not be passed on', { stream, defect })),
        isPublishing: (stream) => figures.of(stream).publishing,
        follow: yield* following,
        present: ({ id, viewer }) => presence.socketViewer(id, viewer)
      })
      yield* Effect.forkScoped(Effect.repeat(Effect.sync(() => audience.sweep()), Schedule.spaced(SWEEP_MS)))
      yield* Effect.addFinalizer(() => Effect.sync(() => audience.leave()))
      return Watching.of(audience)
    })
  ).pipe(Layer.provide(Layer.mergeAll(StreamChanges.layer, LiveFigures.layer)))
}

/** Follows streams by their logs and the bucket. */
const following = Effect.gen(function* () {
  const { follow } = yield* StreamFollower
  const changes = yield* StreamChanges
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const attached = (stream: WatchedStream) =>
    Effect.gen(function* () {
      yield* Effect.yieldNow
      const followed = yield* follow(stream.id)
      yield* Effect.acquireRelease(Effect.sync(() => changes.onStream(stream.id, (entry) => stream.entryChanged(entry))), (forget) => Effect.sync(forget))
      const entry = (yield* changes.all).get(stream.id)
      yield* Effect.acquireRelease(Effect.sync(() => stream.attach(followed, entry)), () => Effect.sync(() => stream.detach()))
      return yield* Effect.never
    })
  const refused = (stream: WatchedStream, error: FollowError): Effect.Effect<void> => {
    if (error._tag === 'StreamUnknown') return Effect.sync(() => stream.fail(CLOSE.unknownStream, 'no stream has this id'))
    if (error._tag === 'StreamOver') {
      const over = Effect.match(changes.all, { onSuccess: (entries) => overByBucket(entries.get(stream.id)), onFailure: () => undefined })
      return Effect.map(over, (found) => stream.finish(found ?? { state: 'ended' }))
    }
    return Effect.andThen(Effect.logDebug('stream cannot be watched', error), Effect.sync(() => stream.fail(CLOSE.tryLater, 'the stream cannot be followed now')))
  }
  const broken = (stream: WatchedStream, defect: unknown): Effect.Effect<void> =>
    Effect.andThen(Effect.logError('a stream could not be watched', { stream: stream.id, defect }), Effect.sync(() => stream.fail(CLOSE.defect, 'the edge has a defect')))
  const begin: AudiencePort['follow'] = (stream, onFailed) => {
    const failed = Effect.sync(onFailed)
    const fiber = run(Effect.scoped(attached(stream)).pipe(
      Effect.catch((error) => Effect.andThen(refused(stream, error), failed)),
      Effect.catchDefect((defect) => Effect.andThen(broken(stream, defect), failed))
    ))
    return () => fiber.interruptUnsafe()
  }
  return begin
})
