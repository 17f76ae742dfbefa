import { accessSync, constants, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Config, Effect, Option, Redacted, Schema } from 'effect'
import type { LogLevel } from 'effect'
import type { ArchiveSettingsShape } from '../../actors/archive/ArchiveSettings.ts'
import type { DatabaseSettingsShape } from '../../actors/database/DatabaseSettings.ts'
import { parseLadder } from '../../actors/ffmpeg/ladder.ts'
import type { StorageSettingsShape } from '../../actors/storage/StorageSettings.ts'
import type { StreamSettingsShape } from '../../actors/stream/StreamSettings.ts'
import { EDGE_DEFAULTS, type EdgeSettingsShape } from '../../edge/EdgeSettings.ts'
import { INGEST_DEFAULTS, type IngestSettingsShape } from '../../edge/ingest/IngestSettings.ts'
import type { RuntimeSettingsShape } from '../../runtime/RuntimeSettings.ts'
import { variables } from './variables.ts'

/** What a process may do. */
export const ROLES = ['edge', 'actors', 'archive'] as const
export type Role = (typeof ROLES)[number]

/** A setting that cannot be used; says which variable, and what it may be. */
export class SettingInvalid extends Schema.TaggedError<SettingInvalid>()('SettingInvalid', { variable: Schema.String, message: Schema.String }) {}

/** The settings of every part of the platform, read once at start. */
export interface Settings {
  readonly roles: ReadonlyArray<Role>
  readonly runtime: RuntimeSettingsShape
  readonly stream: StreamSettingsShape
  readonly edge: EdgeSettingsShape
  readonly ingest: IngestSettingsShape
  readonly storage: StorageSettingsShape
  readonly database: DatabaseSettingsShape
  readonly archive: ArchiveSettingsShape
  readonly ffmpeg: string | undefined
  readonly logLevel: LogLevel.LogLevel
}

/** A key of the bucket `nodes`. */
const NODE_NAME = /^(?=.{1,64}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

const LOG_LEVELS: ReadonlyArray<LogLevel.LogLevel> = ['Debug', 'Info', 'Warn', 'Error']

/** Reads the environment. Fails with the name of the first variable that is missing or cannot be used. */
export const readSettings: Effect.Effect<Settings, SettingInvalid | Config.ConfigError> = Effect.gen(function* () {
  const names = Object.fromEntries(Object.entries(variables).map(([key, { config }]) => [key, config])) as { [K in keyof typeof variables]: (typeof variables)[K]['config'] }
  const values = yield* Config.all(names)
  const roles = yield* readRoles(values.roles)
  const ladder = yield* Effect.fromResult(parseLadder(values.ladder)).pipe(Effect.mapError(({ message }) => invalid('LADDER', message)))
  const logLevel = LOG_LEVELS.find((level) => level.toLowerCase() === values.logLevel.toLowerCase())
  if (logLevel === undefined) return yield* invalid('LOG_LEVEL', `one of ${LOG_LEVELS.join(', ')}`)
  const node = Option.getOrElse(values.node, () => `${hostname().replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 40)}-${process.pid}`)
  if (!NODE_NAME.test(node)) return yield* invalid('MILLRACE_NODE', 'letters, digits, `_`, `-` and dots between them, at most 64')
  if (values.replicas !== 1 && values.replicas !== 3) return yield* invalid('MILLRACE_REPLICAS', '1 or 3')
  const ffmpeg = Option.getOrUndefined(values.ffmpeg)
  if (ffmpeg?.includes('/') === true && !isProgram(ffmpeg)) return yield* invalid('FFMPEG_PATH', 'the path of a program')
  return {
    roles,
    runtime: {
      natsUrl: Redacted.value(values.natsUrl),
      node,
      roles,
      shards: values.shards,
      replicas: values.replicas,
      logBytes: values.logBytes,
      lease_ms: values.lease_ms,
      capacity: values.capacity,
      drain_ms: values.drain_ms
    },
    stream: { part_ms: values.part_ms, segment_ms: values.segment_ms, liveWindow_ms: values.liveWindow_ms, ladder, reconnectWindow_ms: values.reconnectWindow_ms },
    edge: {
      ...EDGE_DEFAULTS,
      host: values.host,
      port: values.port,
      corsOrigins: list(values.corsOrigins),
      pages: join(import.meta.dirname, '..', '..', 'web', 'dist'),
      eventSocketsMax: Math.max(EDGE_DEFAULTS.eventSocketsMax, values.eventSocketsPerAddressMax),
      eventSocketsPerAddressMax: values.eventSocketsPerAddressMax,
      watchSocketsMax: values.watchSocketsMax,
      watchSocketsPerAddressMax: values.watchSocketsPerAddressMax
    },
    // A publisher that is there without frames must be heard of well before the window closes.
    ingest: { ...INGEST_DEFAULTS, keepAlive_ms: Math.min(INGEST_DEFAULTS.keepAlive_ms, values.reconnectWindow_ms / 3) },
    storage: { url: values.objectStoreUrl, operationTimeout_ms: 30_000 },
    database: { url: values.databaseUrl, connections: 8, connectTimeout_ms: 5_000, statementTimeout_ms: 10_000 },
    archive: { concurrency: values.archiveConcurrency, sweep_ms: 5_000, posterTimeout_ms: 20_000, ffmpeg: ffmpeg ?? 'ffmpeg' },
    ffmpeg,
    logLevel
  }
})

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const invalid = (variable: string, message: string): SettingInvalid => new SettingInvalid({ variable, message: `${variable}: ${message}` })

const list = (text: string): ReadonlyArray<string> => text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '')

const readRoles = (text: string): Effect.Effect<ReadonlyArray<Role>, SettingInvalid> => {
  const roles = list(text).filter((name): name is Role => ROLES.some((role) => role === name))
  const same = roles.length === list(text).length && roles.length > 0
  return same ? Effect.succeed(roles) : invalid('MILLRACE_ROLES', `some of ${ROLES.join(', ')}, comma-separated`)
}
