/** Faults of NATS and of the way to it. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import { type Proxy, proxyTo } from '../../kit/proxy.ts'
import type { Arrangement } from '../arrangement.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { arrangedFault, type Fault, fault } from '../Fault.ts'
import { acknowledged, expectNothingMoves, untilAcknowledged } from '../outage.ts'
import type { WorldServices } from '../worldServices.ts'
import { expectTakeOver, promised } from './actorNodes.ts'

const group = 'NATS'

/** While NATS is away nothing is acknowledged; afterwards everything is, the owners are who they were, and the publishers never left. */
const throughOutage = (world: ChaosWorld, strike: () => Promise<void>, heal: () => Promise<void>, away_ms: number): Promise<void> =>
  expectNothingMoves(world, async () => {
    await strike()
    await delay(100)
    const durable = acknowledged(world)
    await delay(away_ms)
    if (acknowledged(world) > durable) throw new Error('something was acknowledged while NATS was away')
    await heal()
  })

const killed = fault({
  name: 'NATS killed and started again at once',
  group,
  platform: { ladder: true },
  inTests: true,
  strike: (world) => throughOutage(world, () => world.services.nats.kill(), () => world.services.nats.restart(), 0),
})

const away = fault({
  name: 'NATS away for four leases',
  group,
  platform: { ladder: true },
  strike: (world) => throughOutage(world, () => world.services.nats.kill(), () => world.services.nats.restart(), 4_000),
})

const awayLong = fault({
  name: 'NATS away for longer than the reconnect window',
  group,
  platform: { environment: { RECONNECT_WINDOW_MS: '3000' } },
  strike: (world) => throughOutage(world, () => world.services.nats.kill(), () => world.services.nats.restart(), 12_000),
})

const frozen = (away_ms: number): Fault =>
  fault({
    name: `NATS frozen for ${away_ms / 1000} s`,
    group,
    platform: { environment: { RECONNECT_WINDOW_MS: '3000' } },
    expects: { requestsLost: true },
    strike: (world) =>
      throughOutage(world, () => world.services.nats.freeze(), async () => world.services.nats.thaw(), away_ms),
  })

const killedTwice = fault({
  name: 'NATS killed three times in a row',
  group,
  strike: (world) =>
    expectNothingMoves(world, async () => {
      for (let time = 0; time < 3; time++) {
        await world.services.nats.kill()
        await world.services.nats.restart()
        await delay(300)
      }
    }),
})

interface Proxied extends Arrangement {
  readonly proxy: Proxy
  /** Publishes seen that ask the server to leave out what it has had: it would do so for two minutes and no longer. */
  readonly deduplicated: () => number
}

/** A proxy between NATS and some of the nodes. */
const proxied = (isBehind: (node: string) => boolean) => async ({ urls }: WorldServices): Promise<Proxied> => {
  let deduplicated = 0
  const proxy = await proxyTo(urls.NATS_URL, (bytes) => {
    if (bytes.includes('Nats-Msg-Id')) deduplicated++
    return 'pass'
  })
  return { proxy, deduplicated: () => deduplicated, close: proxy.close, urls: (node) => (isBehind(node) ? { NATS_URL: proxy.through(urls.NATS_URL) } : {}) }
}

const everyNode = proxied(() => true)
const owner = proxied((node) => node === 'actors-0')
const firstEdge = proxied((node) => node === 'edge-0')
const oneOwner = { actors: 1, standby: 1 } as const

/** Another node has taken over; the one that was cut off finds out and stops its children, writing nothing more. */
const expectFenced = async (world: ChaosWorld, since_ms: number): Promise<void> => {
  const zombie = world.node('actors-0')
  await until('the node that was cut off stops its FFmpegs', async () => (zombie.ffmpegs().length === 0 ? true : undefined), 20_000)
  await expectTakeOver(world, 'actors-1', since_ms, promised)
}

const spoiledOwner = (name: string, spoil: (proxy: Proxy) => void, away_ms: number, setting: Pick<Fault, 'timed' | 'platform'> = {}): Fault =>
  arrangedFault({
    name,
    group,
    ...setting,
    platform: { ...oneOwner, ...setting.platform },
    expects: { requestsLost: true },
    arrange: owner,
    strike: async (world, { proxy }) => {
      const since_ms = Date.now()
      spoil(proxy)
      await expectTakeOver(world, 'actors-1', since_ms)
      await delay(Math.max(0, away_ms - (Date.now() - since_ms)))
      proxy.heal()
      await expectFenced(world, since_ms)
    },
  })

const edgeOff = (name: string, spoil: (proxy: Proxy) => void): Fault =>
  arrangedFault({
    name,
    group,
    platform: { publisherSilence_ms: 2_000 },
    expects: { requestsLost: true },
    arrange: firstEdge,
    strike: async (world, { proxy }) => {
      spoil(proxy)
      const resumed = world.streams.map(({ current }) => current.publisher).filter(({ messages }) => messages.some(({ type }) => type === 'resumed'))
      if (resumed.length > 0) throw new Error('a publisher had come back before the edge was cut off')
      await until('every publisher goes on at the other edge', async () =>
        (world.streams.every(({ current }) => current.publisher.messages.some(({ type }) => type === 'resumed')) ? true : undefined), 15_000)
      await untilAcknowledged(world)
      await until('the edge says that it is not ready', async () => ((await fetch(`${world.node('edge-0').url}/ready`)).status === 503 ? true : undefined), 5_000)
      proxy.heal()
      await until('the edge is ready again', async () => ((await fetch(`${world.node('edge-0').url}/ready`)).ok ? true : undefined), 20_000)
    },
  })

/**
 * The outcome of each append in flight is unknown: what it wrote is found at the head, or written again. That holds
 * however much later, since nothing hangs on the server's window of deduplication.
 */
const lostPubAcks = arrangedFault({
  name: 'PubAcks lost with their connection, three times',
  group,
  platform: { ladder: true },
  expects: { requestsLost: true },
  arrange: everyNode,
  strike: async (world, { proxy, deduplicated }) => {
    await expectNothingMoves(world, async () => {
      for (let time = 0; time < 3; time++) {
        proxy.travel({ held: true }, 'replies')
        await delay(250)
        proxy.reset()
        proxy.heal()
        await delay(400)
      }
    })
    if (deduplicated() > 0) throw new Error(`${deduplicated()} publishes carried a message id`)
  },
})

/** A way that is spoiled for all alike: streams lag, and that is all. */
const spoiledForAll = (name: string, spoil: (proxy: Proxy) => void, away_ms: number): Fault =>
  arrangedFault({
    name,
    group,
    expects: { requestsLost: true },
    arrange: everyNode,
    strike: (world, { proxy }) =>
      expectNothingMoves(world, async () => {
        spoil(proxy)
        await delay(away_ms)
        proxy.heal()
      }),
  })

/** The faults, quickest first. */
export const natsFaults: ReadonlyArray<Fault> = [
  killed,
  killedTwice,
  away,
  awayLong,
  frozen(3_000),
  frozen(14_000),
  spoiledOwner('owner cut off from NATS', (proxy) => proxy.cut(), 4_000, { timed: true }),
  spoiledOwner('owner in a black hole', (proxy) => proxy.blackHole(), 4_000, { platform: { ladder: true } }),
  spoiledOwner('owner in a black hole for longer than its pings allow', (proxy) => proxy.blackHole(), 16_000),
  spoiledOwner('owner whose publishes land 3 s late', (proxy) => proxy.travel({ delay_ms: 3_000 }, 'requests'), 6_000),
  edgeOff('edge cut off from NATS', (proxy) => proxy.cut()),
  edgeOff('edge in a black hole', (proxy) => proxy.blackHole()),
  lostPubAcks,
  spoiledForAll('PubAcks held back for 3 s', (proxy) => proxy.travel({ held: true }, 'replies'), 3_000),
  spoiledForAll('publishes that time out and land later', (proxy) => proxy.travel({ delay_ms: 1_500 }, 'requests'), 5_000),
  spoiledForAll('NATS 100 ms away', (proxy) => proxy.travel({ delay_ms: 100 }), 4_000),
  spoiledForAll('NATS behind 300 KB/s', (proxy) => proxy.travel({ bytesPerSecond: 300_000 }), 4_000),
]
