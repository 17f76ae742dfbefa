import { Config, Option, Schema } from 'effect'

/** One environment variable of the platform. */
export interface Variable<A> {
  readonly name: string
  /** As README shows it; empty where there is none. */
  readonly standard: string
  readonly meaning: string
  /** Least and greatest value, where it is a number. */
  readonly range?: readonly [least: number, most: number]
  readonly config: Config.Config<A>
}

const variable = <A>(name: string, config: Config.Config<A>, standard: string, meaning: string, fallback: A): Variable<A> => ({
  name, standard, meaning, config: Config.withDefault(config, fallback)
})

const required = <A>(name: string, config: Config.Config<A>, meaning: string): Variable<A> => ({ name, standard: '', meaning, config })

const number = (name: string, standard: number, range: readonly [least: number, most: number], meaning: string): Variable<number> => ({
  ...variable(name, Config.schema(wholeNumber(range), name), String(standard), meaning, standard), range
})

const wholeNumber = ([least, most]: readonly [least: number, most: number]) =>
  Schema.NumberFromString.check(Schema.makeFilter((value) => Number.isSafeInteger(value) && value >= least && value <= most, { expected: `a whole number from ${least} to ${most}` }))

const text = (name: string, standard: string, meaning: string): Variable<string> => variable(name, Config.String(name), standard, meaning, standard)

const MEBIBYTE = 1024 * 1024

/** Every environment variable that the platform reads, in one place. `npm start` sets the first three where they are not set. */
export const variables = {
  natsUrl: required('NATS_URL', Config.Redacted('NATS_URL'), 'NATS server with JetStream, `nats://user:password@host:port`; those of a cluster comma-separated'),
  databaseUrl: required('DATABASE_URL', Config.Redacted('DATABASE_URL'), 'PostgreSQL, `postgres://user:password@host:port/database`'),
  objectStoreUrl: required('OBJECT_STORE_URL', Config.Redacted('OBJECT_STORE_URL'), '`http(s)://ACCESS:SECRET@host:port/bucket` or `file:/folder`'),
  host: text('HOST', '127.0.0.1', 'address to listen on; there are no accounts yet, so loopback unless you say otherwise'),
  port: number('PORT', 8080, [0, 65_535], 'HTTP and WebSocket; of a process that is no edge, `/health`, `/ready` and `/metrics`'),
  roles: text('MILLRACE_ROLES', 'edge,actors,archive', 'what this process does'),
  node: { name: 'MILLRACE_NODE', standard: 'host name and process id', meaning: 'name of this process among the nodes', config: Config.option(Config.String('MILLRACE_NODE')) } satisfies Variable<Option.Option<string>>,
  shards: number('MILLRACE_SHARDS', 4, [1, 64], 'JetStream streams that INGEST and MEDIA are spread over; fixed once there is data'),
  replicas: number('MILLRACE_REPLICAS', 1, [1, 3], 'copies of each log: 1, or 3 in a cluster'),
  logBytes: number('MILLRACE_LOG_BYTES', 4096 * MEBIBYTE, [64 * MEBIBYTE, 1024 ** 5], 'bytes that all logs together may hold, beside 3 % for the buckets'),
  lease_ms: number('MILLRACE_LEASE_MS', 1_000, [300, 60_000], 'silence after which a node\'s streams are taken over'),
  capacity: number('MILLRACE_CAPACITY', 64, [1, 10_000], 'live streams that this process may own'),
  drain_ms: number('MILLRACE_DRAIN_MS', 20_000, [0, 600_000], 'longest time to hand streams over on shutdown'),
  ladder: text('LADDER', '', 'encoded renditions below the source, for instance `720p,480p,240p`'),
  part_ms: number('PART_MS', 200, [100, 1_000], 'length of a part that playlists aim at'),
  segment_ms: number('SEGMENT_MS', 2_000, [500, 5_000], 'a segment ends at the first keyframe after this'),
  liveWindow_ms: number('LIVE_WINDOW_MS', 60_000, [6_000, 3_600_000], 'how far back a live playlist reaches'),
  reconnectWindow_ms: number('RECONNECT_WINDOW_MS', 30_000, [1_000, 3_600_000], 'how long a stream waits for its publisher to come back'),
  corsOrigins: text('CORS_ORIGINS', '*', 'origins whose pages may read media and the API and open sockets, also to publish, comma-separated'),
  watchSocketsMax: number('WATCH_SOCKETS_MAX', 20_000, [1, 1_000_000], 'viewers with sockets on this edge'),
  watchSocketsPerAddressMax: number('WATCH_SOCKETS_PER_ADDRESS_MAX', 1_000, [1, 1_000_000], 'of them, those of one address; a proxy is one'),
  eventSocketsPerAddressMax: number('EVENT_SOCKETS_PER_ADDRESS_MAX', 1_000, [1, 1_000_000], 'sockets of `/ws/events` that one address may have; more behind a proxy, whose address all viewers have'),
  archiveConcurrency: number('MILLRACE_ARCHIVE_CONCURRENCY', 4, [1, 64], 'segments archived at a time by this process'),
  ffmpeg: { name: 'FFMPEG_PATH', standard: '`ffmpeg` on PATH', meaning: 'FFmpeg', config: Config.option(Config.String('FFMPEG_PATH')) } satisfies Variable<Option.Option<string>>,
  logLevel: text('LOG_LEVEL', 'Info', '`Debug`, `Info`, `Warn` or `Error`')
}
