/** The programs of the platform, as they are, on a simulated process. */
import { Effect, Layer } from 'effect'
import type { JetStreamManager, NatsConnection } from 'nats'
import { ArchiveProgress } from '../../../actors/archive/ArchiveProgress.ts'
import { Archiver } from '../../../actors/archive/Archiver.ts'
import { ArchiveSettings } from '../../../actors/archive/ArchiveSettings.ts'
import { Finalizer } from '../../../actors/archive/Finalizer.ts'
import { PosterMaker } from '../../../actors/archive/poster.ts'
import { Recordings } from '../../../actors/database/Recordings.ts'
import { Ffmpeg } from '../../../actors/ffmpeg/FfmpegChild.ts'
import { ObjectStore } from '../../../actors/storage/ObjectStore.ts'
import { streamActor } from '../../../actors/stream/StreamActor.ts'
import { streamRetention } from '../../../actors/stream/streamRetention.ts'
import { StreamSettings, type StreamSettingsShape } from '../../../actors/stream/StreamSettings.ts'
import { Counters } from '../../../edge/http/Counters.ts'
import { IngestSessions } from '../../../edge/ingest/IngestSessions.ts'
import { LogSpace } from '../../../edge/ingest/LogSpace.ts'
import { StreamChanges } from '../../../edge/ingest/StreamChanges.ts'
import { StreamFollower } from '../../../edge/playback/StreamFollower.ts'
import { Ask } from '../../../runtime/Ask.ts'
import { Buckets } from '../../../runtime/Bucket.ts'
import { Claims } from '../../../runtime/Claims.ts'
import { NotActive } from '../../../runtime/errors.ts'
import { Host } from '../../../runtime/Host.ts'
import { janitor } from '../../../runtime/Janitor.ts'
import { Log } from '../../../runtime/Log.ts'
import { LogFill } from '../../../runtime/LogFill.ts'
import { Nats } from '../../../runtime/Nats.ts'
import { Nodes } from '../../../runtime/Nodes.ts'
import { RuntimeSettings, type RuntimeSettingsShape } from '../../../runtime/RuntimeSettings.ts'
import { WorkQueue } from '../../../runtime/WorkQueue.ts'
import type { DatabaseServer, StoreServer } from '../server/Backend.ts'
import { type ArchiveWitness, recordingsService, storeService } from './backendServices.ts'
import { bucketsService } from './bucketService.ts'
import { type Fate, ffmpegService } from './ffmpegService.ts'
import { logService, whenConnected } from './logService.ts'
import type { NatsSide } from './NatsSide.ts'
import { queueService } from './queueService.ts'

/** Everything around one process. */
export interface Surroundings {
  readonly side: NatsSide
  readonly store: StoreServer
  readonly database: DatabaseServer
  readonly witness: ArchiveWitness
  readonly fateOf: () => Fate
  readonly mayBreak: (killed: boolean) => boolean
  /** Times of pictures on which it crashes. */
  readonly poison: ReadonlySet<number>
  readonly runtime: RuntimeSettingsShape
  readonly stream: StreamSettingsShape
}

/** What publishers and viewers reach of an edge. */
export interface EdgeDoor {
  readonly sessions: IngestSessions['Service']
  readonly follower: StreamFollower['Service']
}

const natsService = ({ process, messageBytesMax }: NatsSide): Nats['Service'] =>
  Nats.of({
    // Programs above the log's own service use neither.
    connection: {} as NatsConnection,
    manager: {} as JetStreamManager,
    connected: () => process.nats.connected,
    whenConnected: whenConnected(process),
    onReconnect: (callback) => process.nats.onReconnect(callback),
    payloadMax: messageBytesMax,
    serverVersion: '2.12.0'
  })

/** Nobody is asked anything here. */
const silentAsk = Ask.of({ ask: (kind, id) => new NotActive({ kind, id }), answer: () => Effect.void })

const node = ({ side, runtime }: Surroundings) => {
  const logs = Layer.mergeAll(
    Layer.succeed(Nats, natsService(side)),
    Layer.succeed(Log, logService(side)),
    Layer.succeed(Buckets, bucketsService(side)),
    Layer.succeed(WorkQueue, queueService(side)),
    Layer.succeed(Ask, silentAsk),
    Layer.succeed(RuntimeSettings, runtime)
  )
  return Claims.layer.pipe(Layer.provideMerge(Nodes.layer), Layer.provideMerge(LogFill.layer.pipe(Layer.provideMerge(logs))))
}

const storage = ({ side, store, database, witness }: Surroundings) =>
  Layer.merge(Layer.succeed(ObjectStore, storeService(side.process, store, witness)), Layer.succeed(Recordings, recordingsService(side.process, database, witness)))

/** A process that owns streams, archives them and trims the logs. */
export const workerProgram = (around: Surroundings): Effect.Effect<void, unknown> => {
  const actors = Layer.unwrap(Effect.map(streamActor, (kind) => Host.layer(kind))).pipe(
    Layer.provide(Layer.succeed(Ffmpeg, ffmpegService(around.side.process, around.fateOf, around.mayBreak, around.poison))),
    Layer.provide(Layer.succeed(StreamSettings, around.stream))
  )
  const archive = Layer.mergeAll(Archiver.layer, Finalizer.layer, janitor.pipe(Layer.provide(streamRetention), Layer.provide(ArchiveProgress.layer))).pipe(
    Layer.provide(Layer.succeed(ArchiveSettings, { concurrency: 2, sweep_ms: 5_000, posterTimeout_ms: 1_000, ffmpeg: 'none' })),
    Layer.provide(Layer.succeed(PosterMaker, () => Effect.succeed(Uint8Array.of(0xff, 0xd8))))
  )
  return Layer.launch(Layer.mergeAll(actors, archive).pipe(Layer.provide(storage(around)), Layer.provide(node(around))))
}

/** A process that takes publishers and serves viewers. `onReady` is called once it does. */
export const edgeProgram = (around: Surroundings, onReady: (door: EdgeDoor) => void): Effect.Effect<void, unknown> => {
  const damaged = (name: string): void => {
    if (name === 'record_damaged') around.witness.damaged(around.side.process.name)
  }
  const layer = Layer.mergeAll(IngestSessions.layer, StreamFollower.layer).pipe(
    Layer.provide(Layer.succeed(Counters, { count: damaged, values: () => ({}) })),
    Layer.provide(StreamChanges.layer), Layer.provide(LogSpace.layer), Layer.provide(node(around)))
  return Effect.gen(function* () {
    onReady({ sessions: yield* IngestSessions, follower: yield* StreamFollower })
    return yield* Effect.never
  }).pipe(Effect.provide(layer), Effect.scoped)
}
