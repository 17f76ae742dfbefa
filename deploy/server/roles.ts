/** What a process does in each of its roles, as layers over a node of the runtime. */
import { Effect, Layer } from 'effect'
import { ArchiveProgress } from '../../actors/archive/ArchiveProgress.ts'
import { Archiver } from '../../actors/archive/Archiver.ts'
import { ArchiveSettings } from '../../actors/archive/ArchiveSettings.ts'
import { streamPruner } from '../../actors/archive/pruneStreams.ts'
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
import { edgeFigures } from '../../edge/edgeFigures.ts'
import { edgeRoutes } from '../../edge/edgeRoutes.ts'
import { metricsRoute } from '../../edge/metricsRoute.ts'
import { healthRoutes } from '../../edge/http/healthRoutes.ts'
import { HttpServer } from '../../edge/http/HttpServer.ts'
import { Listening } from '../../edge/http/Listening.ts'
import { Readiness } from '../../edge/http/Readiness.ts'
import { Metrics } from '../../edge/Metrics.ts'
import { actorRoom } from '../../edge/ingest/ActorRoom.ts'
import { ingestRouteLayer } from '../../edge/ingest/IngestRoute.ts'
import { IngestSettings } from '../../edge/ingest/IngestSettings.ts'
import { publishingReport } from '../../edge/ingest/publishingReport.ts'
import { Host } from '../../runtime/Host.ts'
import { janitor } from '../../runtime/Janitor.ts'
import { archiveFigures } from './archiveFigures.ts'
import { checks } from './checks.ts'
import { nodeFigures } from './nodeFigures.ts'
import { pastStreams } from './pastStreams.ts'
import { recordingKnowledge } from './recordingKnowledge.ts'
import type { Settings } from './settings.ts'

/** The object store and the table of recordings; what `archive` and `edge` stand on. */
export const storage = (settings: Settings) =>
  Layer.mergeAll(ObjectStore.layer.pipe(Layer.provide(Layer.succeed(StorageSettings, settings.storage))), Recordings.layer.pipe(Layer.provideMerge(Database.layer), Layer.provide(Layer.succeed(DatabaseSettings, settings.database))))

/** Owns streams. `kind` is the stream actor, or one that is watched in its place. */
export const actors = (settings: Settings, kind: typeof streamActor = streamActor) =>
  Layer.unwrap(Effect.map(kind, (actor) => Host.layer(actor))).pipe(
    Layer.provide(ffmpegLayer(settings.ffmpeg === undefined ? {} : { executable: settings.ffmpeg })),
    Layer.provide(Layer.succeed(StreamSettings, settings.stream))
  )

/** Archives segments, completes recordings, trims logs. */
export const archive = (settings: Settings) =>
  Layer.mergeAll(Archiver.layer, Finalizer.layer, streamPruner, janitor.pipe(Layer.provide(streamRetention), Layer.provide(ArchiveProgress.layer))).pipe(
    Layer.provide(Layer.succeed(ArchiveSettings, settings.archive))
  )

/** What every process shows of itself; `archiving`, where it archives too, is shown with it. */
const shown = (settings: Settings, archiving?: ReturnType<typeof archive>) =>
  Layer.mergeAll(checks, nodeFigures(settings.roles.includes('edge') ? 'named' : 'needed'), metricsRoute, archiving === undefined ? Layer.empty : archiveFigures.pipe(Layer.provide(archiving)))

/** What its HTTP server on the process's one port stands on. */
const serving = (settings: Settings) => Layer.mergeAll(Readiness.layer, Metrics.layer, Layer.succeed(EdgeSettings, settings.edge), Layer.succeed(IngestSettings, settings.ingest))

/** Takes publishers and serves viewers. */
export const edge = (settings: Settings, archiving?: ReturnType<typeof archive>) =>
  Listening.layer.pipe(
    Layer.provide(Layer.mergeAll(shown(settings, archiving), Layer.merge(edgeFigures, publishingReport).pipe(Layer.provide(Layer.mergeAll(edgeRoutes, ingestRouteLayer))))),
    Layer.provide(Layer.mergeAll(recordingKnowledge, pastStreams, actorRoom)),
    Layer.provide(HttpServer.layer),
    Layer.provide(serving(settings))
  )

/** `/health`, `/ready` and `/metrics` of a process that is no edge. */
export const status = (settings: Settings, archiving?: ReturnType<typeof archive>) =>
  Listening.layer.pipe(
    Layer.provide(Layer.mergeAll(shown(settings, archiving), healthRoutes)),
    Layer.provide(HttpServer.layer),
    Layer.provide(serving(settings))
  )
