/** Faults of space in the logs: nobody can trim them, or what viewers may look back to has no room. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import { BIG_RECORDS_SHARE_MAX } from '../../../runtime/limits.ts'
import { logSubject } from '../../../runtime/topology.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { type Fault, fault } from '../Fault.ts'
import { expectConnected, untilAcknowledged } from '../outage.ts'

const group = 'space'
/** How long frames find no room before the store is back. */
const full_ms = 3_000
/** So small a log lets a backlog through not much faster than it was filmed: live windows keep each segment for a while. */
const catchesUpWithin_ms = 90_000

/** Each stream has an INGEST of 1.1 MB and a MEDIA of 1.4 MB, which it fills in a quarter of a minute. */
const shards = 20
const environment = { MILLRACE_LOG_BYTES: String(64 * 1024 ** 2) }

/** Shares of their bytes that the MEDIA logs of the streams hold, as the first edge measures it. */
const shares = async (world: ChaosWorld): Promise<ReadonlyArray<number>> => {
  const metrics = await (await fetch(`${world.node('edge-0').url}/metrics`)).text()
  const gauge = (name: string, log: string): number => Number(new RegExp(`^${name}\\{log="${log}"\\} (\\S+)$`, 'm').exec(metrics)?.[1])
  return world.streams.map(({ id }) => logSubject('media', id, shards).log).map((log) => gauge('millrace_log_bytes', log) / gauge('millrace_log_limit_bytes', log))
}

/** Waits until each MEDIA log of a stream has taken frames again, one at this time and one at that: the backlog fills what is freed. */
const untilRoom = async (world: ChaosWorld): Promise<void> => {
  const waiting = new Set(world.streams.keys())
  await until('MEDIA takes frames again', async () => {
    for (const [index, share] of (await shares(world)).entries()) if (share < BIG_RECORDS_SHARE_MAX) waiting.delete(index)
    return waiting.size === 0 ? true : undefined
  }, 60_000)
}

const archiveAway = fault({
  name: 'object store away until MEDIA takes no frames, then back',
  group,
  platform: { privateStores: true, shards, environment, publisherPatience_ms: 90_000, viewerPatience_ms: 60_000 },
  strike: async (world) => {
    const { minio } = world.services
    if (minio === undefined) throw new Error('this world has no object store of its own')
    await minio.kill()
    await until('MEDIA takes no frames', async () => ((await shares(world)).every((share) => share >= BIG_RECORDS_SHARE_MAX) ? true : undefined), 60_000)
    const ready = await fetch(`${world.node('edge-0').url}/ready`)
    if (!ready.ok) throw new Error('an edge is out of service for a log that is full for all of them')
    await delay(full_ms)
    await minio.restart()
    const begun_ms = performance.now()
    await untilRoom(world)
    world.figures.set('archive back, room after', performance.now() - begun_ms)
    await untilAcknowledged(world, catchesUpWithin_ms)
  },
})

const longWindows = fault({
  name: 'live windows are longer than their log',
  group,
  platform: { shards, environment },
  strike: async (world) => {
    await until('the windows have given way', async () => ((await shares(world)).every((share) => share > 0.6) ? true : undefined), 30_000)
    await delay(10_000)
    await untilAcknowledged(world)
    expectConnected(world)
  },
})

/** The faults, quickest first. */
export const spaceFaults: ReadonlyArray<Fault> = [longWindows, archiveAway]
