import { Effect, Layer, ManagedRuntime, Redacted } from 'effect'
import { ObjectStore } from '../../actors/storage/ObjectStore.ts'
import { StorageSettings } from '../../actors/storage/StorageSettings.ts'
import { newId } from '../../runtime/ids.ts'
import { testNodeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { edgeRoutes } from '../edgeRoutes.ts'
import { EDGE_DEFAULTS, EdgeSettings } from '../EdgeSettings.ts'
import type { EdgeSettingsShape } from '../EdgeSettings.ts'
import { Counters, makeCounters } from '../http/Counters.ts'
import type { CountersShape } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { Listening } from '../http/Listening.ts'
import { Readiness } from '../http/Readiness.ts'
import { StreamFollower } from '../playback/StreamFollower.ts'
import { Watching } from '../watch/Watching.ts'

/** What an edge in a test stands on. */
export interface EdgeWorld {
  readonly natsUrl: string
  readonly objectStoreUrl: string
  readonly settings?: Partial<EdgeSettingsShape>
}

/** Everything that an edge needs, and the logs for the test itself. */
const edgeLayer = ({ natsUrl, objectStoreUrl, settings = {} }: EdgeWorld, counters: CountersShape = makeCounters()) => {
  const storage = ObjectStore.layer.pipe(Layer.provide(Layer.succeed(StorageSettings, { url: Redacted.make(objectStoreUrl), operationTimeout_ms: 5_000 })))
  return Listening.layer.pipe(
    Layer.provideMerge(edgeRoutes),
    Layer.provideMerge(HttpServer.layer),
    Layer.provideMerge(Layer.mergeAll(Readiness.layer, storage, testNodeLayer(testSettings(natsUrl, { node: `edge-${newId()}`, roles: ['edge'] })))),
    Layer.provide(Layer.succeed(EdgeSettings, { ...EDGE_DEFAULTS, port: 0, ...settings })),
    Layer.provide(Layer.succeed(Counters, counters))
  )
}

/** Starts an edge on a free port, in this process, with a connection of its own. */
export const startEdge = async (world: EdgeWorld) => {
  const counters = makeCounters()
  const runtime = ManagedRuntime.make(edgeLayer(world, counters))
  const address = await runtime.runPromise(Listening)
  const follower = await runtime.runPromise(StreamFollower)
  const watching = await runtime.runPromise(Watching)
  return { url: address.url, port: address.port, runtime, counters, follower, watching, stop: () => runtime.dispose() }
}

/** Waits until `look` gives true. */
export const until = async (look: () => boolean | Promise<boolean>, what: string, deadline_ms = 10_000): Promise<void> => {
  const end_ms = performance.now() + deadline_ms
  while (!(await look())) {
    if (performance.now() > end_ms) throw new Error(`not within ${deadline_ms} ms: ${what}`)
    await Effect.runPromise(Effect.sleep(20))
  }
}
