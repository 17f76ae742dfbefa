import { Effect, Layer } from 'effect'
import { Ask } from '../Ask.ts'
import { Buckets } from '../Bucket.ts'
import { Log } from '../Log.ts'
import { Nats } from '../Nats.ts'
import { provision } from '../provision.ts'
import { RuntimeSettings, type RuntimeSettingsShape } from '../RuntimeSettings.ts'
import { WorkQueue } from '../WorkQueue.ts'

/** Settings for tests: small logs, two shards, a short lease. */
export const testSettings = (natsUrl: string, changes: Partial<RuntimeSettingsShape> = {}): RuntimeSettingsShape => ({
  natsUrl,
  node: 'test',
  roles: ['edge', 'actors', 'archive'],
  shards: 2,
  replicas: 1,
  logBytes: 512 * 1024 * 1024,
  lease_ms: 1_000,
  capacity: 16,
  drain_ms: 5_000,
  ...changes
})

/** Everything of the runtime that talks to NATS, its topology created, for tests and for anything without actors. */
export const runtimeLayer = (settings: RuntimeSettingsShape) =>
  Layer.mergeAll(Log.layer, Buckets.layer, WorkQueue.layer, Ask.layer).pipe(
    Layer.provide(Layer.effectDiscard(provision)),
    Layer.provideMerge(Nats.layer),
    Layer.provideMerge(Layer.succeed(RuntimeSettings, settings)),
    Layer.tapError((error) => Effect.logError(error))
  )
