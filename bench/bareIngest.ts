/** What the bare nats client reaches with the same work: the measure for durable ingest. */
import type { NatsConnection } from 'nats'
import { RetentionPolicy, StorageType } from 'nats'
import type { Load } from './load.ts'

const streams = 4

/** Publishes the load with one message in flight for each publisher; resolves to MB/s. The streams are gone afterwards. */
export const measureBare = async (connection: NatsConnection, load: Load): Promise<number> => {
  const manager = await connection.jetstreamManager()
  const client = connection.jetstream()
  const names = Array.from({ length: streams }, (_, index) => `BARE_${index}`)
  for (const [index, name] of names.entries())
    await manager.streams.add({ name, subjects: [`bare.${index}.*`], storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: 1 })
  const publishAll = async (publisher: number): Promise<void> => {
    for (let message = 0; message < load.messages; message++) await client.publish(`bare.${publisher % streams}.${publisher}`, load.message)
  }
  const begun_ms = performance.now()
  await Promise.all(Array.from({ length: load.publishers }, (_, publisher) => publishAll(publisher)))
  const took_ms = performance.now() - begun_ms
  for (const name of names) await manager.streams.delete(name)
  return load.megabytes / (took_ms / 1000)
}
