import { Effect } from 'effect'
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from 'nats'
import { LogUnavailable, ServerTooOld, TopologyMismatch } from './errors.ts'
import { apiCode, ask, Nats } from './Nats.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { BUCKETS, declareLogs, type LogDeclaration } from './topology.ts'

const STREAM_NOT_FOUND = 10059
const NANOSECONDS_PER_MS = 1_000_000
/** Before 2.9.10 compare-and-set has holes; replicas before 2.10.23 let two writers through. */
const VERSION_MIN = '2.9.10'
const VERSION_REPLICAS_MIN = '2.10.23'

/**
 * Creates what is missing of logs and buckets and compares what is there with what is declared. Runs on every node at
 * start, at once with others. Fails with `TopologyMismatch` naming both sides, or `ServerTooOld`.
 */
export const provision: Effect.Effect<void, LogUnavailable | TopologyMismatch | ServerTooOld, Nats | RuntimeSettings> = Effect.gen(function* () {
  const nats = yield* Nats
  const settings = yield* RuntimeSettings
  yield* checkVersion(nats.serverVersion, settings.replicas)
  const options = { shards: settings.shards, replicas: settings.replicas, bytes: settings.logBytes, messageBytesMax: nats.payloadMax }
  for (const log of declareLogs(options)) {
    yield* ensure(streamConfig(log))
  }
  for (const bucket of BUCKETS) {
    yield* ensure(bucketConfig(bucket, settings.replicas))
  }
})

const checkVersion = (version: string, replicas: number): Effect.Effect<void, ServerTooOld> => {
  const wanted = replicas > 1 ? VERSION_REPLICAS_MIN : VERSION_MIN
  const why = replicas > 1 ? 'replicated logs let two writers through on older servers' : 'compare-and-set is not reliable on older servers'
  return version.localeCompare(wanted, undefined, { numeric: true }) < 0 ? new ServerTooOld({ version, wanted, why }) : Effect.void
}

const streamConfig = (log: LogDeclaration): Partial<StreamConfig> & { name: string } => ({
  name: log.name,
  subjects: [...log.subjects],
  retention: log.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
  discard: log.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
  storage: StorageType.File,
  max_bytes: log.bytesMax,
  max_age: log.ageMax_ms * NANOSECONDS_PER_MS,
  max_msg_size: log.messageBytesMax,
  max_consumers: log.consumersMax,
  num_replicas: log.replicas,
  allow_direct: false
})

const bucketConfig = (bucket: string, replicas: number): Partial<StreamConfig> & { name: string } => ({
  name: `KV_${bucket}`,
  subjects: [`$KV.${bucket}.>`],
  max_msgs_per_subject: 1,
  discard: DiscardPolicy.New,
  storage: StorageType.File,
  max_age: 0,
  num_replicas: replicas,
  allow_rollup_hdrs: true,
  deny_delete: true,
  allow_direct: false
})

const ensure = (wanted: Partial<StreamConfig> & { name: string }): Effect.Effect<void, LogUnavailable | TopologyMismatch, Nats> =>
  Effect.gen(function* () {
    const { manager } = yield* Nats
    const found = yield* ask(`create ${wanted.name}`, async () => {
      try {
        return (await manager.streams.info(wanted.name)).config
      } catch (cause) {
        if (apiCode(cause) !== STREAM_NOT_FOUND) throw cause
        return (await manager.streams.add(wanted)).config
      }
    })
    for (const [field, value] of Object.entries(wanted)) {
      const there: unknown = found[field as keyof StreamConfig] ?? (value === false ? false : undefined)
      if (JSON.stringify(there) === JSON.stringify(value)) continue
      return yield* new TopologyMismatch({ log: wanted.name, field, wanted: JSON.stringify(value), found: JSON.stringify(there) ?? 'nothing' })
    }
  })
