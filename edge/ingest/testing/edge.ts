import { Context, Effect, Exit, Layer, Scope } from 'effect'
import { Buckets } from '../../../runtime/Bucket.ts'
import { Log } from '../../../runtime/Log.ts'
import { testNodeLayer, testSettings } from '../../../runtime/testing/runtimeLayer.ts'
import { EDGE_DEFAULTS, EdgeSettings } from '../../EdgeSettings.ts'
import { Counters, type CountersShape, makeCounters } from '../../http/Counters.ts'
import { HttpServer } from '../../http/HttpServer.ts'
import { Readiness } from '../../http/Readiness.ts'
import { ActorRoom, type ActorRoomShape } from '../ActorRoom.ts'
import { ingestRouteLayer } from '../IngestRoute.ts'
import { IngestSessions } from '../IngestSessions.ts'
import { INGEST_DEFAULTS, IngestSettings, type IngestSettingsShape } from '../IngestSettings.ts'

/** An edge that takes publishers in, on a free port of the loopback interface. */
export interface TestEdge {
  /** Address of the ingest socket. */
  readonly url: string
  readonly sessions: IngestSessions['Service']
  readonly log: Log['Service']
  readonly streams: Buckets['Service']['streams']
  readonly counters: CountersShape
  readonly stop: () => Promise<void>
}

/** Starts an edge on a NATS server; several may run beside each other. */
export const startEdge = async (
  natsUrl: string,
  settings: Partial<IngestSettingsShape> = {},
  node = 'edge-a',
  logBytes = 512 * 1024 * 1024,
  room?: ActorRoomShape,
  corsOrigins = EDGE_DEFAULTS.corsOrigins
): Promise<TestEdge> => {
  const counters = makeCounters()
  const layer = ingestRouteLayer.pipe(
    Layer.provideMerge(HttpServer.layer),
    Layer.provideMerge(Readiness.layer),
    Layer.provideMerge(testNodeLayer(testSettings(natsUrl, { node, logBytes }))),
    Layer.provideMerge(Layer.succeed(EdgeSettings, { ...EDGE_DEFAULTS, corsOrigins, port: 0 })),
    Layer.provide(Layer.succeed(Counters, counters)),
    Layer.provide(room === undefined ? Layer.empty : Layer.succeed(ActorRoom, room)),
    Layer.provideMerge(Layer.succeed(IngestSettings, { ...INGEST_DEFAULTS, ...settings }))
  )
  const scope = Effect.runSync(Scope.make())
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const { port } = await Effect.runPromise(Scope.provide(Context.get(context, HttpServer).listen, scope))
  return {
    url: `ws://127.0.0.1:${port}/ws/stream`,
    sessions: Context.get(context, IngestSessions),
    log: Context.get(context, Log),
    streams: Context.get(context, Buckets).streams,
    counters,
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
