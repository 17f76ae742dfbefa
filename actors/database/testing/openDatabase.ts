import { Layer, ManagedRuntime, Redacted } from 'effect'
import { Database } from '../Database.ts'
import { DatabaseSettings } from '../DatabaseSettings.ts'
import { Recordings } from '../Recordings.ts'

/** The database and the repository on it, as one node has them. */
export const openDatabase = (url: string, connections = 4) =>
  ManagedRuntime.make(
    Recordings.layer.pipe(
      Layer.provideMerge(Database.layer),
      Layer.provide(
        Layer.succeed(DatabaseSettings, { url: Redacted.make(url), connections, connectTimeout_ms: 3_000, statementTimeout_ms: 5_000 })
      )
    )
  )
