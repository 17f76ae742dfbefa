import { Layer, Redacted } from 'effect'
import { runtimeLayer, testSettings } from '../../../runtime/testing/runtimeLayer.ts'
import { Database } from '../../database/Database.ts'
import { DatabaseSettings } from '../../database/DatabaseSettings.ts'
import { Recordings } from '../../database/Recordings.ts'
import { ObjectStore } from '../../storage/ObjectStore.ts'
import { StorageSettings } from '../../storage/StorageSettings.ts'
import { Archiver } from '../Archiver.ts'
import { ArchiveProgress } from '../ArchiveProgress.ts'
import { ArchiveSettings } from '../ArchiveSettings.ts'
import { Finalizer } from '../Finalizer.ts'

/** Where a test's archive works. */
export interface ArchivePlaces {
  readonly natsUrl: string
  readonly databaseUrl: string
  readonly storeUrl: string
}

/** All that the archive works with, without its workers. */
export const archiveGround = ({ natsUrl, databaseUrl, storeUrl }: ArchivePlaces) =>
  ArchiveProgress.layer.pipe(
    Layer.provideMerge(Recordings.layer),
    Layer.provideMerge(Database.layer),
    Layer.provide(Layer.succeed(DatabaseSettings, { url: Redacted.make(databaseUrl), connections: 4, connectTimeout_ms: 2_000, statementTimeout_ms: 5_000 })),
    Layer.provideMerge(ObjectStore.layer),
    Layer.provide(Layer.succeed(StorageSettings, { url: Redacted.make(storeUrl), operationTimeout_ms: 5_000 })),
    Layer.provideMerge(runtimeLayer(testSettings(natsUrl))),
    Layer.provideMerge(Layer.succeed(ArchiveSettings, { concurrency: 3, sweep_ms: 300, posterTimeout_ms: 10_000, ffmpeg: 'ffmpeg' }))
  )

/** The workers of one node. */
export const archiveWorkers = Layer.mergeAll(Archiver.layer, Finalizer.layer)
