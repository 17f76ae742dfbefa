import { createHash } from 'node:crypto'
import { CONSUMERS_MAX } from './limits.ts'

/**
 * Subjects of all logs. Ids are checked by `isId` before they get here. The sharded logs name the shard in the
 * subject, since a JetStream server refuses two streams whose subjects overlap.
 */
export const subjects = {
  ingest: (shard: number, id: string): string => `ingest.${shard}.${id}`,
  media: (shard: number, id: string): string => `media.${shard}.${id}`,
  segments: (id: string): string => `segments.${id}`,
  event: (id: string, kind: string): string => `events.${id}.${kind}`,
  command: (kind: string, id: string): string => `commands.${kind}.${id}`,
  dead: (kind: string, id: string): string => `dead.${kind}.${id}`,
  ask: (kind: string, id: string): string => `ask.${kind}.${id}`
}

/** What a log is to hold, independent of any server. Sizes in bytes, ages in ms (0: for ever). */
export interface LogDeclaration {
  readonly name: string
  readonly subjects: ReadonlyArray<string>
  readonly retention: 'limits' | 'workqueue'
  readonly discard: 'new' | 'old'
  readonly bytesMax: number
  readonly ageMax_ms: number
  readonly messageBytesMax: number
  readonly consumersMax: number
  readonly replicas: number
}

/** What the topology depends on. `bytes` is what all logs together may hold. */
export interface TopologyOptions {
  readonly shards: number
  readonly replicas: number
  readonly bytes: number
  /** The largest message. */
  readonly messageBytesMax: number
}

/** Names of the key-value buckets. */
export const BUCKETS = ['leases', 'nodes', 'streams'] as const

/** What buckets may hold beside the logs, as shares of what the logs may. */
const BUCKET_SHARES: Readonly<Record<(typeof BUCKETS)[number], number>> = { leases: 0.005, nodes: 0.005, streams: 0.02 }

/**
 * Every bucket, by the name of its JetStream stream. One that is full refuses also what would take an entry out of it: no
 * stream may begin long before.
 */
export const declareBuckets = ({ bytes }: Pick<TopologyOptions, 'bytes'>): ReadonlyArray<{ readonly name: string; readonly bucket: string; readonly bytesMax: number }> =>
  BUCKETS.map((bucket) => ({ name: `KV_${bucket}`, bucket, bytesMax: Math.floor(bytes * BUCKET_SHARES[bucket]) }))

/** Shares of the bytes: the two big logs are what publishers fill, the others are small. */
const SHARES = { ingest: 0.35, media: 0.45, segments: 0.05, events: 0.05, commands: 0.02, dead: 0.08 }
const EVENT_AGE_MS = 24 * 3_600_000

/**
 * Shard of an id. A log with many thousand live subjects makes the server's compare-and-set slow, hence shards;
 * the hash only spreads, so any stable one will do.
 */
export const shardOf = (id: string, shards: number): number => createHash('sha256').update(id).digest().readUInt32BE(0) % shards

/** A subject and the JetStream stream that holds it. */
export interface LogSubject {
  readonly log: string
  readonly subject: string
}

/** The logs that every live stream writes to. */
export type StreamLog = 'ingest' | 'media' | 'segments' | 'events'

/** Stands for any id or kind in a subject to read. */
const ANY = '*'

/** Where the events of all streams stand. */
export const allEvents: LogSubject = { log: 'EVENTS', subject: subjects.event(ANY, ANY) }

/** Where an id's records stand in one of these logs; of events, those of every kind. */
export const logSubject = (log: StreamLog, id: string, shards: number): LogSubject => {
  if (log === 'events') return { log: 'EVENTS', subject: subjects.event(id, ANY) }
  if (log === 'segments') return { log: 'SEGMENTS', subject: subjects.segments(id) }
  const shard = shardOf(id, shards)
  return { log: `${log.toUpperCase()}_${shard}`, subject: subjects[log](shard, id) }
}

/** Every log of the product, in one place. */
export const declareLogs = (options: TopologyOptions): ReadonlyArray<LogDeclaration> => {
  const common = {
    ageMax_ms: 0,
    messageBytesMax: options.messageBytesMax,
    consumersMax: CONSUMERS_MAX,
    replicas: options.replicas
  }
  const limits = { ...common, retention: 'limits', discard: 'new' } as const
  const bytes = (share: number): number => Math.floor(options.bytes * share)
  const shards = Array.from({ length: options.shards }, (_, shard) => shard)
  return [
    ...shards.map((k) => ({ ...limits, name: `INGEST_${k}`, subjects: [`ingest.${k}.*`], bytesMax: bytes(SHARES.ingest / options.shards) })),
    ...shards.map((k) => ({ ...limits, name: `MEDIA_${k}`, subjects: [`media.${k}.*`], bytesMax: bytes(SHARES.media / options.shards) })),
    { ...limits, name: 'SEGMENTS', subjects: ['segments.*'], bytesMax: bytes(SHARES.segments) },
    { ...limits, name: 'EVENTS', subjects: ['events.*.*'], bytesMax: bytes(SHARES.events), discard: 'old', ageMax_ms: EVENT_AGE_MS },
    { ...limits, name: 'COMMANDS', subjects: ['commands.*.*'], bytesMax: bytes(SHARES.commands), retention: 'workqueue' },
    { ...limits, name: 'DEAD', subjects: ['dead.*.*'], bytesMax: bytes(SHARES.dead), discard: 'old' }
  ]
}
