/** Faults of a cluster of three NATS servers that hold each log thrice. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterServer, NatsCluster } from '../../../deploy/local/testing/natsCluster.ts'
import { logSubject } from '../../../runtime/topology.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { type Fault, fault } from '../Fault.ts'
import { expectConnected, expectNothingMoves, untilAcknowledged } from '../outage.ts'

const group = 'NATS cluster'
const shards = 2
/** While a log has no leader nothing is acknowledged: up to 9 s. */
const platform = { cluster: true, environment: { MILLRACE_REPLICAS: '3' } } as const
const expects = { requestsLost: true } as const
const acknowledgedWithin_ms = 30_000

const clusterOf = ({ services }: ChaosWorld): NatsCluster => {
  if (services.cluster === undefined) throw new Error('this world has no cluster')
  return services.cluster
}

/** The leader of the log of the world's first stream. */
const leaderOf = (world: ChaosWorld, kind: 'ingest' | 'media'): Promise<ClusterServer> =>
  clusterOf(world).leaderOf(logSubject(kind, world.streams[0]?.id ?? '', shards).log)

/** Publishers only wait, and streams keep their owners, though a log without a leader takes nothing for longer than a lease. */
const expectGoingOn = async (world: ChaosWorld, strike: () => Promise<void>, heal: () => Promise<void>): Promise<void> => {
  const strikeAndHeal = async (): Promise<void> => {
    await strike()
    await untilAcknowledged(world, acknowledgedWithin_ms)
    await heal()
  }
  await expectNothingMoves(world, strikeAndHeal, acknowledgedWithin_ms)
}

const leaderKilled = (kind: 'ingest' | 'media'): Fault =>
  fault({
    name: `leader of ${kind.toUpperCase()} killed, started again later`,
    group,
    platform,
    expects,
    strike: async (world) => {
      const { server } = await leaderOf(world, kind)
      await expectGoingOn(world, () => server.kill(), () => server.restart())
    },
  })

const followerKilled = fault({
  name: 'follower of every log of a stream killed, started again later',
  group,
  platform,
  expects,
  strike: async (world) => {
    const leaders = [await leaderOf(world, 'ingest'), await leaderOf(world, 'media')]
    const follower = clusterOf(world).servers.find((server) => !leaders.includes(server))
    if (follower === undefined) throw new Error('every server leads something')
    await expectGoingOn(world, () => follower.server.kill(), () => follower.server.restart())
  },
})

/** Nodes whose connection leads to the frozen server are cut off, so their streams go to others. */
const leaderFrozen = fault({
  name: 'leader of INGEST frozen for 8 s',
  group,
  platform,
  expects,
  strike: async (world) => {
    const { server } = await leaderOf(world, 'ingest')
    await server.freeze()
    await delay(8_000)
    await untilAcknowledged(world, acknowledgedWithin_ms)
    server.thaw()
    await untilAcknowledged(world, acknowledgedWithin_ms)
    expectConnected(world)
    await world.untilAllRun()
  },
})

const rolling = fault({
  name: 'every server killed and started again, one after the other',
  group,
  platform,
  expects,
  strike: (world) =>
    expectNothingMoves(world, async () => {
      for (const { server } of clusterOf(world).servers) {
        await server.kill()
        await server.restart()
        await untilAcknowledged(world, acknowledgedWithin_ms)
      }
    }),
})

const majorityLost = fault({
  name: 'two servers of three killed, both back after 4 s',
  group,
  platform,
  expects,
  strike: async (world) => {
    const [, second, third] = clusterOf(world).servers
    if (second === undefined || third === undefined) throw new Error('the cluster is too small')
    const strike = async (): Promise<void> => {
      await Promise.all([second.server.kill(), third.server.kill()])
      await delay(4_000)
      await Promise.all([second.server.restart(), third.server.restart()])
    }
    await expectNothingMoves(world, strike, acknowledgedWithin_ms)
  },
})

/** The faults, quickest first. */
export const clusterFaults: ReadonlyArray<Fault> = [leaderKilled('ingest'), leaderKilled('media'), followerKilled, leaderFrozen, rolling, majorityLost]
