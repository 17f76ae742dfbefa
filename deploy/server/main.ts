import { NodeRuntime } from '@effect/platform-node'
import { Cause, Effect, Exit, Layer } from 'effect'
import { ArchiveSettings } from '../../actors/archive/ArchiveSettings.ts'
import { ArchiveProgress } from '../../actors/archive/ArchiveProgress.ts'
import { Archiver } from '../../actors/archive/Archiver.ts'
import { Finalizer } from '../../actors/archive/Finalizer.ts'
import { Database } from '../../actors/database/Database.ts'
import { DatabaseSettings } from '../../actors/database/DatabaseSettings.ts'
import { Recordings } from '../../actors/database/Recordings.ts'
import { layerWith as ffmpegLayer } from '../../actors/ffmpeg/FfmpegChild.ts'
import { ObjectStore } from '../../actors/storage/ObjectStore.ts'
import { StorageSettings } from '../../actors/storage/StorageSettings.ts'
import { streamActor } from '../../actors/stream/StreamActor.ts'
import { streamRetention } from '../../actors/stream/streamRetention.ts'
import { StreamSettings } from '../../actors/stream/StreamSettings.ts'
import { EdgeSettings } from '../../edge/EdgeSettings.ts'
import { edgeRoutes } from '../../edge/edgeRoutes.ts'
import { HttpServer } from '../../edge/http/HttpServer.ts'
import { Listening } from '../../edge/http/Listening.ts'
import { Readiness } from '../../edge/http/Readiness.ts'
import { ingestRouteLayer } from '../../edge/ingest/IngestRoute.ts'
import { Host } from '../../runtime/Host.ts'
import { janitor } from '../../runtime/Janitor.ts'
import { nodeLayer } from '../../runtime/layer.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { telemetry } from '../../runtime/telemetry.ts'
import { recordingKnowledge } from './recordingKnowledge.ts'
import { checks } from './checks.ts'
import { readSettings, type Role, type Settings } from './settings.ts'

const storage = (settings: Settings) =>
  Layer.mergeAll(ObjectStore.layer.pipe(Layer.provide(Layer.succeed(StorageSettings, settings.storage))), Recordings.layer.pipe(Layer.provideMerge(Database.layer), Layer.provide(Layer.succeed(DatabaseSettings, settings.database))))

const actors = (settings: Settings) =>
  Layer.unwrap(Effect.map(streamActor, (kind) => Host.layer(kind))).pipe(
    Layer.provide(ffmpegLayer(settings.ffmpeg === undefined ? {} : { executable: settings.ffmpeg })),
    Layer.provide(Layer.succeed(StreamSettings, settings.stream))
  )

const archive = (settings: Settings) =>
  Layer.mergeAll(Archiver.layer, Finalizer.layer, janitor.pipe(Layer.provide(streamRetention), Layer.provide(ArchiveProgress.layer))).pipe(
    Layer.provide(Layer.succeed(ArchiveSettings, settings.archive))
  )

const edge = (settings: Settings) =>
  Listening.layer.pipe(
    Layer.provide(Layer.mergeAll(edgeRoutes, ingestRouteLayer, checks)),
    Layer.provide(recordingKnowledge),
    Layer.provide(HttpServer.layer),
    Layer.provide(Layer.mergeAll(Readiness.layer, Layer.succeed(EdgeSettings, settings.edge)))
  )

/** Starts a layer for what it does, whatever it provides. */
const run = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<never, E, R> => Layer.provide(Layer.empty, layer)

/** One process of the platform, doing what its roles say. */
const platform = Layer.unwrap(
  Effect.map(readSettings, (settings) => {
    const has = (role: Role): boolean => settings.roles.includes(role)
    const parts = Layer.mergeAll(
      has('actors') ? run(actors(settings)) : Layer.empty,
      has('archive') ? run(archive(settings)) : Layer.empty,
      has('edge') ? run(edge(settings)) : Layer.empty
    )
    return Layer.effectDiscard(Effect.logInfo('node runs', { roles: settings.roles })).pipe(
      Layer.provide(parts),
      Layer.provide(storage(settings)),
      Layer.provide(nodeLayer),
      Layer.provide(Layer.succeed(RuntimeSettings, settings.runtime)),
      Layer.provide(telemetry({ node: settings.runtime.node, level: settings.logLevel, format: 'auto' }))
    )
  })
)

NodeRuntime.runMain(Layer.launch(platform), {
  teardown: (exit, onExit) => onExit(Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? 1 : 0)
})
