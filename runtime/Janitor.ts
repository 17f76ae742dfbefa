import { Cause, Effect, Layer } from 'effect'
import { Claims } from './Claims.ts'
import type { LogUnavailable } from './errors.ts'
import { FLOOR_READS_MAX, LOG_PINNED_SHARE, RELIEVED_LOGS_MAX, TRIM_BUSY_MS, TRIM_MS } from './limits.ts'
import { Log, type LogUsage } from './Log.ts'
import { Nats } from './Nats.ts'
import { type Floors, Retention } from './Retention.ts'
import { relieve } from './relieve.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { shardOf } from './topology.ts'
import { purgeBefore } from './trim.ts'

const LEASE = 'janitor.trim'
/** The consumer behind which SEGMENTS is trimmed: every worker of the archive shares it. */
export const ARCHIVE_CONSUMER = 'archive'
const STREAM_LOGS = ['ingest', 'media'] as const
const KEEP_ALL: Floors = { ingest: undefined, media: undefined }

/** Trims the logs, on one node at a time. */
export const janitor: Layer.Layer<never, never, Claims | Log | Nats | Retention | RuntimeSettings> = Layer.effectDiscard(Effect.gen(function* () {
  const claims = yield* Claims
  let revision = 0
  const round = Effect.gen(function* () {
    if (!claims.holds(LEASE, revision)) {
      const claimed = yield* claims.claim(LEASE)
      if (claimed._tag === 'Taken') return TRIM_MS
      revision = claimed.revision
    }
    const share = yield* trimLogs
    yield* trimSegments
    return share > LOG_PINNED_SHARE ? TRIM_BUSY_MS : TRIM_MS
  }).pipe(
    Effect.catch((error) => Effect.as(Effect.logWarning('logs not trimmed', { reason: error.reason }), TRIM_MS)),
    Effect.catchCause((cause) => Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.as(Effect.logError('defect in the janitor', cause), TRIM_MS))
  )
  yield* Effect.addFinalizer(() =>
    revision === 0 ? Effect.void : Effect.catch(claims.giveUp(LEASE, revision), (error) => Effect.logDebug('lease not given up', { reason: error.reason }))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(round, (pause_ms) => Effect.sleep(pause_ms))))
}))

/**
 * Purges of INGEST and MEDIA, shard by shard, what no id needs any more. Unfiltered, since only that gives space back at
 * once. Gives the share of the fullest log before it.
 */
export const trimLogs: Effect.Effect<number, LogUnavailable, Log | Nats | Retention | RuntimeSettings> = Effect.gen(function* () {
  const log = yield* Log
  const retention = yield* Retention
  const { shards } = yield* RuntimeSettings
  const logs = STREAM_LOGS.flatMap((kind) => Array.from({ length: shards }, (_, shard) => ({ kind, shard, name: `${kind.toUpperCase()}_${shard}` })))
  // The last sequences before the ids: who is not listed yet has written nothing that is before them.
  const usages = new Map<string, LogUsage>()
  for (const { name } of logs) usages.set(name, yield* log.usage(name))
  const ids = yield* retention.ids
  let unknown = 0
  // One that cannot be known keeps its own shard. Where that goes on, all of NATS is in trouble, and another round is due.
  const keepAll = (id: string, error: LogUnavailable): Effect.Effect<Floors, LogUnavailable> => {
    unknown += 1
    const isOne = log.connected() && unknown <= FLOOR_READS_MAX
    return isOne ? Effect.as(Effect.logWarning('what a stream needs is not known: its shard is not trimmed', { id, reason: error.reason }), KEEP_ALL) : Effect.fail(error)
  }
  const floorsOf = (id: string): Effect.Effect<readonly [number, Floors], LogUnavailable> => {
    const shard = shardOf(id, shards)
    return retention.floors(id, shareOf(usages.get(`MEDIA_${shard}`))).pipe(
      Effect.catchTag('LogUnavailable', (error) => keepAll(id, error)),
      Effect.map((of) => [shard, of])
    )
  }
  const floors = yield* Effect.forEach(ids, floorsOf, { concurrency: FLOOR_READS_MAX })
  const lastSeqOf = (name: string): number => usages.get(name)?.lastSeq ?? 0
  for (const { kind, shard, name } of logs) {
    const own = floors.filter(([of]) => of === shard).map(([, of]) => of[kind])
    yield* purge(name, purgeBefore(lastSeqOf(name), own))
  }
  // Relief takes its time, and comes behind what can be had at once.
  const relief = ({ kind, name }: (typeof logs)[number]): Effect.Effect<void, LogUnavailable, Log | Nats> => {
    const needs = new Map(ids.map((id, index) => [id, floors[index]?.[1][kind]]))
    return relieve(name, (id) => (needs.has(id) ? purgeBefore(lastSeqOf(name), [needs.get(id)]) : lastSeqOf(name) + 1))
  }
  yield* Effect.forEach(logs, relief, { concurrency: RELIEVED_LOGS_MAX, discard: true })
  return Math.max(...logs.map(({ name }) => shareOf(usages.get(name))))
})

const shareOf = (usage: LogUsage | undefined): number => (usage === undefined || usage.bytesMax <= 0 ? 0 : usage.bytes / usage.bytesMax)

/** Purges of SEGMENTS what the archive has done; nothing before there is an archive. */
export const trimSegments: Effect.Effect<void, LogUnavailable, Log> = Effect.gen(function* () {
  const log = yield* Log
  yield* purge('SEGMENTS', purgeBefore(yield* log.acknowledgedThrough('SEGMENTS', ARCHIVE_CONSUMER), []))
})

const purge = (name: string, before: number | undefined): Effect.Effect<void, LogUnavailable, Log> =>
  Effect.gen(function* () {
    if (before === undefined) return
    const log = yield* Log
    const messages = yield* log.purge(name, before)
    if (messages > 0) yield* Effect.logDebug('trimmed', { log: name, before, messages })
  })
