/** Faults of the machine under a node: its clock, its processor, its table of open files. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import type { PlatformNode } from '../../kit/platformNode.ts'
import type { Arrangement } from '../arrangement.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { arrangedFault, type Fault, fault } from '../Fault.ts'
import type { MachineOrder } from '../unsteadyMachine.ts'
import { expectTakeOver } from './actorNodes.ts'

const group = 'machine'
const hour_ms = 3_600_000
const shim = join(import.meta.dirname, '..', 'unsteadyMachine.ts')

/** Nodes on machines that take orders. */
interface UnsteadyMachines extends Arrangement {
  readonly order: (node: PlatformNode, order: MachineOrder) => void
}

const unsteadyMachines = async (): Promise<UnsteadyMachines> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-orders-'))
  const fileOf = (name: string): string => join(folder, name)
  return {
    nodeOptions: () => ['--import', shim],
    environment: (name) => ({ MILLRACE_CHAOS_ORDER: fileOf(name) }),
    order: (node, order) => {
      writeFileSync(fileOf(node.name), JSON.stringify(order))
      node.signal('SIGUSR2')
    },
    close: async () => rmSync(folder, { recursive: true }),
  }
}

const statusOfReady = async (node: PlatformNode): Promise<number> => (await fetch(`${node.url}/ready`, { signal: AbortSignal.timeout(3_000) })).status

const expectOwner = async (world: ChaosWorld, name: string): Promise<void> => {
  const strayed = [...(await world.owners())].filter(([, owner]) => owner !== name)
  if (strayed.length > 0) throw new Error(`streams left ${name}: ${JSON.stringify(strayed)}`)
}

const clocks = arrangedFault({
  name: 'clocks of all nodes an hour ahead, then an hour behind, then right',
  group,
  platform: { actors: 1, standby: 1 },
  arrange: unsteadyMachines,
  strike: async (world, { order }) => {
    for (const ms of [hour_ms, -hour_ms, 0]) {
      for (const node of world.nodes) order(node, { do: 'shiftClock', ms })
      await delay(2_500)
      await expectOwner(world, 'actors-0')
      for (const edge of world.edges) if ((await statusOfReady(edge)) !== 200 && ms === 0) throw new Error(`${edge.name} is not ready though all clocks are right`)
    }
  },
})

const oneClock = arrangedFault({
  name: 'an actor node an hour ahead is killed, the next one is an hour behind for good',
  group,
  platform: { actors: 1, standby: 1 },
  expects: { killed: ['actors-0'] },
  arrange: unsteadyMachines,
  strike: async (world, { order }) => {
    order(world.node('actors-0'), { do: 'shiftClock', ms: hour_ms })
    order(world.node('actors-1'), { do: 'shiftClock', ms: -hour_ms })
    await delay(2_500)
    await expectOwner(world, 'actors-0')
    const since_ms = Date.now()
    world.node('actors-0').signal('SIGKILL')
    await expectTakeOver(world, 'actors-1', since_ms)
  },
})

const blockedOwner = arrangedFault({
  name: 'event loop of an actor node stands still for 5 s',
  group,
  platform: { actors: 1, standby: 1 },
  expects: { requestsLost: true },
  inTests: true,
  arrange: unsteadyMachines,
  strike: async (world, { order }) => {
    const blocked = world.node('actors-0')
    const since_ms = Date.now()
    order(blocked, { do: 'standStill', ms: 5_000 })
    await expectTakeOver(world, 'actors-1', since_ms)
    await until('the node that stood still stops its FFmpegs', async () => (blocked.ffmpegs().length === 0 ? true : undefined), 8_000)
    await expectTakeOver(world, 'actors-1', since_ms)
  },
})

const blockedEdge = arrangedFault({
  name: 'event loop of an edge stands still for 5 s',
  group,
  expects: { requestsLost: true },
  arrange: unsteadyMachines,
  strike: async (world, { order }) => {
    const edge = world.node('edge-0')
    order(edge, { do: 'standStill', ms: 5_000 })
    await delay(200)
    const saidNothing = await statusOfReady(edge).then(() => false, () => true)
    if (!saidNothing) throw new Error('an edge that stands still said that it is ready')
    await until('the edge is ready again', async () => ((await statusOfReady(edge).catch(() => 0)) === 200 ? true : undefined), 10_000)
  },
})

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const limitFiles = ({ pid }: PlatformNode, soft: number): void => {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`])
}

const filesOfEdge = fault({
  name: 'an edge has no more file descriptors for 5 s',
  group,
  strike: async (world) => {
    const edge = world.node('edge-0')
    limitFiles(edge, openFiles(edge.pid))
    // Whoever connects now gets no answer, or none in time.
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${edge.url}/health`, { signal: AbortSignal.timeout(3_000), headers: { connection: 'close' } }).catch(() => undefined)))
    await delay(2_000)
    limitFiles(edge, 4_096)
    await until('the edge is ready again', async () => ((await statusOfReady(edge).catch(() => 0)) === 200 ? true : undefined), 10_000)
  },
})

const filesOfOwner = fault({
  name: 'an actor node has no more file descriptors for 6 s, and its FFmpegs are killed',
  group,
  platform: { actors: 1 },
  strike: async (world) => {
    const owner = world.node('actors-0')
    limitFiles(owner, 16)
    for (const pid of owner.ffmpegs()) process.kill(pid, 'SIGKILL')
    await delay(6_000)
    limitFiles(owner, 4_096)
    world.figures.set('descriptors back, all run after', await world.untilAllRun())
  },
})

/** The faults, quickest first. */
export const machineFaults: ReadonlyArray<Fault> = [clocks, oneClock, blockedOwner, blockedEdge, filesOfEdge, filesOfOwner]
