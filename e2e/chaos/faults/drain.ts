/** Orderly ends under load: nodes are told to leave, one or all, and nothing may be lost by it. */
import type { ChaosWorld } from '../ChaosWorld.ts'
import { type Fault, fault } from '../Fault.ts'
import { expectTakeOver } from './actorNodes.ts'

const group = 'drain'

/** Tests drain within 10 s, and the process ends some moments later. */
const endsWithin_ms = 12_000
/** From SIGTERM on, for all streams of the node at once: most of it goes to the start of as many FFmpegs. */
const promised = { claimed_ms: 300, took_ms: 750 }

const drain = async (world: ChaosWorld, name: string): Promise<void> => {
  const node = world.node(name)
  const begun_ms = performance.now()
  node.signal('SIGTERM')
  const { code, signal } = await node.exited
  const took_ms = performance.now() - begun_ms
  if (code !== 0) throw new Error(`${name} ended with ${code ?? signal}`)
  if (took_ms > endsWithin_ms) throw new Error(`${name} took ${took_ms.toFixed(0)} ms to end`)
  world.figures.set(`${name} ended after`, took_ms)
}

const actorNode = fault({
  name: 'actor node drained',
  group,
  platform: { actors: 1, standby: 1, browser: true },
  timed: true,
  strike: async (world) => {
    const since_ms = Date.now()
    await drain(world, 'actors-0')
    await expectTakeOver(world, 'actors-1', since_ms, promised)
  },
})

const edge = fault({
  name: 'edge drained under publishers and viewers',
  group,
  strike: (world) => drain(world, 'edge-0'),
})

const rolling = fault({
  name: 'every node restarted, one after the other',
  group,
  platform: { browser: true, ladder: true },
  strike: async (world) => {
    for (const { name } of world.nodes) {
      await drain(world, name)
      await world.startAgain(name)
    }
  },
})

/** The faults, quickest first. */
export const drainFaults: ReadonlyArray<Fault> = [actorNode, edge, rolling]
