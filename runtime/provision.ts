import { Effect, Schedule } from 'effect'
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig, type StreamInfo } from 'nats'
import { LogsTooBig, LogUnavailable, NotClustered, ServerTooOld, TopologyMismatch } from './errors.ts'
import { ACCOUNT_SHARE_MAX, PROVISION_ATTEMPTS_MAX, PROVISION_RETRY_MS } from './limits.ts'
import { apiCode, ask, Nats, reasonOf } from './Nats.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { declareBuckets, declareLogs, type LogDeclaration } from './topology.ts'

const STREAM_NOT_FOUND = 10059
/** No room for what a stream may grow to, in the account or on the server. */
const NO_ROOM = new Set([10002, 10023, 10028, 10047])
/** Replicas are asked of a server that is alone. */
const NOT_CLUSTERED = 10074
const UNLIMITED = -1
const NANOSECONDS_PER_MS = 1_000_000
/** Before 2.9.10 compare-and-set has holes; replicas before 2.10.23 let two writers through. */
const VERSION_MIN = '2.9.10'
const VERSION_REPLICAS_MIN = '2.10.23'

/**
 * Creates what is missing of logs and buckets and compares what is there with what is declared. Runs on every node at
 * start, at once with others. Fails with `TopologyMismatch` naming both sides, `LogsTooBig`, `NotClustered` or `ServerTooOld`.
 */
export const provision: Effect.Effect<void, LogUnavailable | TopologyMismatch | LogsTooBig | NotClustered | ServerTooOld, Nats | RuntimeSettings> = Effect.gen(function* () {
  const nats = yield* Nats
  const settings = yield* RuntimeSettings
  yield* checkVersion(nats.serverVersion, settings.replicas)
  const options = { shards: settings.shards, replicas: settings.replicas, bytes: settings.logBytes, messageBytesMax: nats.payloadMax }
  const [logs, buckets] = [declareLogs(options), declareBuckets(options)]
  // The buckets are in what is left of the account.
  yield* checkRoom(logs.reduce((sum, { bytesMax }) => sum + bytesMax, 0))
  const wanted = [...logs.map(streamConfig), ...buckets.map((declared) => bucketConfig(declared, settings.replicas))]
  // A cluster without a leader, and a log that has none yet, answer in a moment.
  yield* Effect.forEach(wanted, ensure, { discard: true }).pipe(
    Effect.tapError((error) => (error._tag === 'LogUnavailable' ? Effect.logWarning('the logs cannot be made or looked at yet', { operation: error.operation, reason: error.reason }) : Effect.void)),
    Effect.retry({ while: (error) => error._tag === 'LogUnavailable', schedule: Schedule.spaced(PROVISION_RETRY_MS), times: PROVISION_ATTEMPTS_MAX - 1 })
  )
})

/** An account without a limit of its own shares the server's, which a client cannot see: there the server refuses. */
const checkRoom = (bytes: number): Effect.Effect<void, LogsTooBig | LogUnavailable, Nats> =>
  Effect.gen(function* () {
    const { manager } = yield* Nats
    const { limits } = yield* ask('limits of the account', () => manager.getAccountInfo())
    const room = limits.max_storage * ACCOUNT_SHARE_MAX
    if (limits.max_storage <= 0 || bytes <= room) return
    return yield* new LogsTooBig({ bytes, what: 'all logs together', reason: `the NATS account has room for ${limits.max_storage}, of which the logs may take ${ACCOUNT_SHARE_MAX * 100} %` })
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

const bucketConfig = ({ name, bucket, bytesMax }: ReturnType<typeof declareBuckets>[number], replicas: number): Partial<StreamConfig> & { name: string } => ({
  name,
  subjects: [`$KV.${bucket}.>`],
  max_msgs_per_subject: 1,
  discard: DiscardPolicy.New,
  storage: StorageType.File,
  max_bytes: bytesMax,
  max_age: 0,
  num_replicas: replicas,
  allow_rollup_hdrs: true,
  deny_delete: true,
  allow_direct: false
})

const withLeader = (found: StreamInfo): StreamInfo => {
  if (found.config.num_replicas > 1 && (found.cluster?.leader ?? '') === '') throw new Error('it has no leader')
  return found
}

const whyNot = ({ name, max_bytes, num_replicas }: Partial<StreamConfig> & { name: string }, cause: unknown): LogsTooBig | NotClustered | LogUnavailable => {
  const code = apiCode(cause) ?? 0
  if (code === NOT_CLUSTERED) return new NotClustered({ replicas: num_replicas ?? 1 })
  if (!NO_ROOM.has(code)) return new LogUnavailable({ operation: `create ${name}`, reason: reasonOf(cause) })
  return new LogsTooBig({ bytes: max_bytes ?? 0, what: `the log ${name}`, reason: `the NATS server has no room for it (${reasonOf(cause)})` })
}

const ensure = (wanted: Partial<StreamConfig> & { name: string }): Effect.Effect<void, LogUnavailable | TopologyMismatch | LogsTooBig | NotClustered, Nats> =>
  Effect.gen(function* () {
    const { manager } = yield* Nats
    const found = yield* Effect.tryPromise({
      try: async () => {
        try {
          const { config } = withLeader(await manager.streams.info(wanted.name))
          // Buckets once were made without a limit.
          return config.max_bytes === UNLIMITED && wanted.max_bytes !== undefined ? (await manager.streams.update(wanted.name, { max_bytes: wanted.max_bytes })).config : config
        } catch (cause) {
          if (apiCode(cause) !== STREAM_NOT_FOUND) throw cause
          return withLeader(await manager.streams.add(wanted)).config
        }
      },
      catch: (cause) => whyNot(wanted, cause)
    })
    for (const [field, value] of Object.entries(wanted)) {
      const there: unknown = found[field as keyof StreamConfig] ?? (value === false ? false : undefined)
      if (JSON.stringify(there) === JSON.stringify(value)) continue
      return yield* new TopologyMismatch({ log: wanted.name, field, wanted: JSON.stringify(value), found: JSON.stringify(there) ?? 'nothing' })
    }
  })
