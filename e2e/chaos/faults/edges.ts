/** Faults of edges: publishers and viewers begin at `edge-0`; `edge-1` stands beside it. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { type Fault, fault } from '../Fault.ts'

const group = 'edge'

/** Waits until every publisher goes on at another edge; notes how long that took. */
const untilAllResumed = async (world: ChaosWorld, within_ms = 10_000): Promise<void> => {
  const begun_ms = performance.now()
  const resumed = ({ current }: ChaosWorld['streams'][number]): boolean => current.publisher.messages.some(({ type }) => type === 'resumed')
  await until('every publisher has resumed', async () => (world.streams.every(resumed) ? true : undefined), within_ms)
  world.figures.set('publishers resumed after', performance.now() - begun_ms)
}

const killed = fault({
  name: 'edge killed under publishers and viewers',
  group,
  expects: { killed: ['edge-0'] },
  inTests: true,
  strike: async (world) => {
    world.node('edge-0').signal('SIGKILL')
    await untilAllResumed(world)
  },
})

const killedAndBack = fault({
  name: 'both edges killed, one started again',
  group,
  platform: { edges: 3 },
  expects: { killed: ['edge-0', 'edge-1'] },
  strike: async (world) => {
    world.node('edge-1').signal('SIGKILL')
    world.node('edge-0').signal('SIGKILL')
    await untilAllResumed(world)
    await world.startAgain('edge-0')
  },
})

const frozen = fault({
  name: 'edge frozen for 6 s, and thawed',
  group,
  platform: { publisherSilence_ms: 2_000 },
  strike: async (world) => {
    const edge = world.node('edge-0')
    edge.signal('SIGSTOP')
    await untilAllResumed(world)
    await delay(3_500)
    edge.signal('SIGCONT')
  },
})

/** The faults, quickest first. */
export const edgeFaults: ReadonlyArray<Fault> = [killed, killedAndBack, frozen]
