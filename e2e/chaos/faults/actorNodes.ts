/** Faults of the nodes that own streams. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import { isRunning } from '../../kit/processes.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { type Fault, fault } from '../Fault.ts'
import { type TakeOverTimes, takeOver_ms, zombieWrites } from '../ownership.ts'

const group = 'actor node'

/** All streams are owned by `actors-0` when the fault strikes; `actors-1` stands by. */
const oneOwner = { actors: 1, standby: 1 } as const
const takesOverWithin_ms = 20_000
/** At the lease of chaos, which is the default of 1 s, for all streams of the node at once. */
export const promised: TakeOverTimes = { claimed_ms: 1_200, took_ms: 1_500 }

/**
 * Waits until that node runs every stream and has written frames of each, then looks at MEDIA: how long it took since the
 * old owner went, and who wrote. Throws where that is more than promised in a world that runs alone. The browser's
 * chunks come half a second apart, so that its stream can go on no sooner than with the next.
 */
export const expectTakeOver = async (world: ChaosWorld, to: string, since_ms: number, promised: Partial<TakeOverTimes> = {}): Promise<void> => {
  const node = world.node(to)
  await until(`${to} runs every stream`, async () => (node.ffmpegs().length === world.streams.length ? true : undefined), takesOverWithin_ms)
  const took: Array<TakeOverTimes> = []
  for (const { id, moment } of world.streams.filter(({ isSending }) => isSending)) {
    const { records, figures } = await until(`${to} goes on with ${id}`, async () => {
      const records = await world.nats.media(id)
      const figures = takeOver_ms(records, since_ms)
      return figures === undefined ? undefined : { records, figures }
    })
    const [fault] = zombieWrites(records)
    if (fault !== undefined) throw new Error(`${id}: ${fault}`)
    if (moment !== 'browser') took.push(figures)
  }
  const slowest: TakeOverTimes = { claimed_ms: Math.max(...took.map(({ claimed_ms }) => claimed_ms)), took_ms: Math.max(...took.map(({ took_ms }) => took_ms)) }
  world.figures.set('taken over after', slowest.claimed_ms)
  world.figures.set('goes on after', slowest.took_ms)
  const isLate = slowest.claimed_ms > (promised.claimed_ms ?? Number.POSITIVE_INFINITY) || slowest.took_ms > (promised.took_ms ?? Number.POSITIVE_INFINITY)
  if (world.alone && isLate) throw new Error(`${to} took over after ${slowest.claimed_ms.toFixed(0)} ms and went on after ${slowest.took_ms.toFixed(0)} ms, instead of ${JSON.stringify(promised)}`)
}

const untilGone = (pids: ReadonlyArray<number>): Promise<true> =>
  until('the FFmpegs of a node that was killed are gone', async () => (pids.some(isRunning) ? undefined : true), 2_000)

const kill = async (world: ChaosWorld, name: string): Promise<void> => {
  const node = world.node(name)
  const children = node.ffmpegs()
  node.signal('SIGKILL')
  await node.exited
  await untilGone(children)
}

const killed = fault({
  name: 'actor node killed',
  group,
  platform: { ...oneOwner, browser: true },
  expects: { killed: ['actors-0'] },
  timed: true,
  inTests: true,
  strike: async (world) => {
    const since_ms = Date.now()
    await kill(world, 'actors-0')
    await expectTakeOver(world, 'actors-1', since_ms, promised)
  },
})

const zombie = fault({
  name: 'actor node frozen past its lease, and thawed',
  group,
  platform: oneOwner,
  timed: true,
  strike: async (world) => {
    const frozen = world.node('actors-0')
    const children = frozen.ffmpegs()
    const since_ms = Date.now()
    frozen.signal('SIGSTOP')
    await expectTakeOver(world, 'actors-1', since_ms)
    if (!children.every(isRunning)) throw new Error('FFmpegs of a frozen node ended before it woke')
    frozen.signal('SIGCONT')
    await until('the zombie stops its FFmpegs', async () => (frozen.ffmpegs().length === 0 ? true : undefined), 5_000)
    await until('the zombie says that it was superseded', async () => (frozen.log().includes('Superseded') ? true : undefined), 5_000)
    await expectTakeOver(world, 'actors-1', since_ms, promised)
  },
})

const frozenShortly = fault({
  name: 'actor node frozen for less than its lease',
  group,
  platform: oneOwner,
  strike: async (world) => {
    const owner = world.node('actors-0')
    owner.signal('SIGSTOP')
    await delay(400)
    owner.signal('SIGCONT')
    await delay(2_000)
    if (owner.ffmpegs().length !== world.streams.length) throw new Error('streams left a node that was frozen for less than its lease')
  },
})

const oneAfterTheOther = fault({
  name: 'two actor nodes killed one after the other within a second',
  group,
  platform: { actors: 2, standby: 1, ladder: true },
  expects: { killed: ['actors-0', 'actors-1'] },
  strike: async (world) => {
    await kill(world, 'actors-0')
    await delay(500)
    const since_ms = Date.now()
    await kill(world, 'actors-1')
    await expectTakeOver(world, 'actors-2', since_ms)
  },
})

const allKilled = fault({
  name: 'all actor nodes killed, one started 3 s later',
  group,
  platform: { ladder: true },
  expects: { killed: ['actors-0', 'actors-1'] },
  strike: async (world) => {
    const since_ms = Date.now()
    await Promise.all([kill(world, 'actors-0'), kill(world, 'actors-1')])
    await delay(3_000)
    await world.startNode('actors-2', 'actors')
    await expectTakeOver(world, 'actors-2', since_ms)
  },
})

const killedInTakeOver = fault({
  name: 'actor node killed while it takes over',
  group,
  platform: { actors: 1, standby: 2 },
  expects: { killed: ['actors-0', 'actors-1', 'actors-2'] },
  strike: async (world) => {
    const since_ms = Date.now()
    await kill(world, 'actors-0')
    const standby = [world.node('actors-1'), world.node('actors-2')]
    const next = await until('somebody takes over', async () => standby.find((node) => node.ffmpegs().length > 0), 10_000)
    await kill(world, next.name)
    const last = standby.find((node) => node !== next)
    if (last !== undefined) await expectTakeOver(world, last.name, since_ms)
  },
})

/** The faults, quickest first. */
export const actorNodeFaults: ReadonlyArray<Fault> = [killed, frozenShortly, zombie, oneAfterTheOther, killedInTakeOver, allKilled]
