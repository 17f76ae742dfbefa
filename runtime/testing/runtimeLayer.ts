import { Effect, Layer } from 'effect'
import { logLayer, nodeLayer } from '../layer.ts'
import { RuntimeSettings, type RuntimeSettingsShape } from '../RuntimeSettings.ts'

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
  logLayer.pipe(Layer.provideMerge(Layer.succeed(RuntimeSettings, settings)), Layer.tapError((error) => Effect.logError(error)))

/** `runtimeLayer`, and this process as a node with heartbeat and leases. */
export const testNodeLayer = (settings: RuntimeSettingsShape) =>
  nodeLayer.pipe(Layer.provideMerge(Layer.succeed(RuntimeSettings, settings)), Layer.tapError((error) => Effect.logError(error)))
