/** What an onlooker sees in NATS: leases, consumers, and when each record of a log was stored. */
import { fromBinary } from '@bufbuild/protobuf'
import { connect, nanos, type NatsConnection } from 'nats'
import { connectionOptions } from '../../deploy/local/testing/natsOptions.ts'
import { type MediaRecord, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { logSubject } from '../../runtime/topology.ts'
import { LeaseSchema } from '../../proto/gen/millrace/v1/node_pb.js'

/** A consumer that is there. */
export interface SeenConsumer {
  readonly log: string
  readonly name: string
  readonly isDurable: boolean
  /** The server removes it after so long without a reader; 0: never. */
  readonly inactive_ms: number
}

/** A record of MEDIA with the time at which the server stored it, ms since 1970. */
export interface StoredMedia {
  readonly seq: number
  readonly at_ms: number
  readonly body: MediaRecord['body']['case']
  readonly node: string
  /** Sequence of its writer's TakeOver; 0 in that itself. */
  readonly token: number
}

/** Looks at one NATS server; each look opens a connection of its own, so that it works whatever happened before. */
export interface NatsView {
  /** Owner of each actor that somebody owns, by key `{kind}.{id}`. */
  readonly leases: () => Promise<ReadonlyMap<string, string>>
  readonly consumers: () => Promise<ReadonlyArray<SeenConsumer>>
  /** All that is stored of a stream's MEDIA, oldest first. */
  readonly media: (id: string) => Promise<ReadonlyArray<StoredMedia>>
}

/** A view of the server at that address, whose logs have so many shards. */
export const natsView = (url: string, shards: number): NatsView => {
  const looking = async <A>(look: (connection: NatsConnection) => Promise<A>): Promise<A> => {
    const connection = await connect(connectionOptions(url))
    try {
      return await look(connection)
    } finally {
      await connection.close()
    }
  }
  return {
    leases: () => looking(readLeases),
    consumers: () => looking(readConsumers),
    media: (id) => looking((connection) => readMedia(connection, id, shards)),
  }
}

const readLeases = async (connection: NatsConnection): Promise<ReadonlyMap<string, string>> => {
  const kv = await connection.jetstream().views.kv('leases', { bindOnly: true })
  const owners = new Map<string, string>()
  const prefix = '$KV.leases.'
  // The client's own list of keys leaves a consumer behind for a while, which an onlooker must not.
  const { state } = await (await connection.jetstreamManager()).streams.info('KV_leases', { subjects_filter: `${prefix}>` })
  for (const subject of Object.keys(state.subjects ?? {})) {
    const key = subject.slice(prefix.length)
    const entry = await kv.get(key)
    const node = entry?.operation === 'PUT' ? fromBinary(LeaseSchema, entry.value).node : ''
    if (node !== '') owners.set(key, node)
  }
  return owners
}

const readConsumers = async (connection: NatsConnection): Promise<ReadonlyArray<SeenConsumer>> => {
  const manager = await connection.jetstreamManager()
  const seen: Array<SeenConsumer> = []
  for await (const { config: log } of manager.streams.list()) {
    for await (const { name, config } of manager.consumers.list(log.name)) {
      seen.push({ log: log.name, name, isDurable: config.durable_name !== undefined, inactive_ms: (config.inactive_threshold ?? 0) / 1e6 })
    }
  }
  return seen
}

const readMedia = async (connection: NatsConnection, id: string, shards: number): Promise<ReadonlyArray<StoredMedia>> => {
  const manager = await connection.jetstreamManager()
  const { log, subject } = logSubject('media', id, shards)
  // Longer than an onlooker on a busy machine may be kept from it.
  const { name } = await manager.consumers.add(log, { filter_subject: subject, ack_policy: 'none' as never, inactive_threshold: nanos(60_000), mem_storage: true })
  try {
    const consumer = await connection.jetstream().consumers.get(log, name)
    const { num_pending } = await consumer.info()
    const stored: Array<StoredMedia> = []
    if (num_pending === 0) return stored
    for await (const message of await consumer.fetch({ max_messages: num_pending, expires: 10_000 })) {
      const { body, stamp } = fromBinary(MediaRecordSchema, message.data)
      stored.push({ seq: message.seq, at_ms: message.info.timestampNanos / 1e6, body: body.case, node: stamp?.node ?? '', token: Number(stamp?.fencingToken ?? 0n) })
    }
    return stored
  } finally {
    await manager.consumers.delete(log, name)
  }
}
