/** Faults of FFmpeg: it dies, hangs, or does what no FFmpeg should. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import type { PlatformNeeds } from '../arrangement.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { arrangedFault, type Fault, fault } from '../Fault.ts'
import { type Misbehaviour, misbehavingFfmpeg } from '../misbehavingFfmpeg.ts'

const group = 'FFmpeg'

/** Signals every FFmpeg that runs. */
const signalAll = (world: ChaosWorld, signal: NodeJS.Signals): ReadonlyArray<number> => {
  const pids = world.ffmpegs()
  for (const pid of pids) process.kill(pid, signal)
  return pids
}

/** Waits until every stream has another FFmpeg than these; notes how long that took. */
const untilOthersRun = async (world: ChaosWorld, before: ReadonlyArray<number>, within_ms: number): Promise<void> => {
  const begun_ms = performance.now()
  const othersRun = async (): Promise<true | undefined> =>
    world.ffmpegs().filter((pid) => !before.includes(pid)).length >= world.streams.length && !world.ffmpegs().some((pid) => before.includes(pid)) ? true : undefined
  await until('every stream has another FFmpeg', othersRun, within_ms)
  world.figures.set('another FFmpeg after', performance.now() - begun_ms)
}

/** Signals all, again and again, each time once all run again. */
const signalTimes = (signal: NodeJS.Signals, times: number, pause_ms: number, within_ms = 15_000) => async (world: ChaosWorld): Promise<void> => {
  for (let time = 0; time < times; time++) {
    if (time > 0) await delay(pause_ms)
    await untilOthersRun(world, signalAll(world, signal), within_ms)
  }
}

const misbehaving = (behaviour: Misbehaviour, within_ms: number, platform: PlatformNeeds = {}): Fault =>
  arrangedFault({
    name: `FFmpeg ${behaviour}`,
    group,
    platform,
    arrange: () => misbehavingFfmpeg(behaviour),
    strike: (world) => untilOthersRun(world, signalAll(world, 'SIGUSR1'), within_ms),
  })

const withRung = { ladder: true } as const

/** The watchdog waits 2 s, and on a machine without time longer. */
const hang_ms = 15_000

/** FFmpeg misbehaves without a word of its own going wrong, so the same one goes on. */
const floods = arrangedFault({
  name: 'FFmpeg floods stderr',
  group,
  arrange: () => misbehavingFfmpeg('floods stderr'),
  strike: async (world) => {
    const before = signalAll(world, 'SIGUSR1')
    await delay(3_000)
    if (world.ffmpegs().some((pid) => !before.includes(pid))) throw new Error('an FFmpeg was replaced')
  },
})

/** A child that ignores SIGTERM ends with its node all the same. */
const ignoresTerm = arrangedFault({
  name: 'FFmpeg ignores SIGTERM, its node drains',
  group,
  platform: { actors: 1, standby: 1 },
  arrange: () => misbehavingFfmpeg('exits with 1'),
  strike: async (world) => {
    const before = signalAll(world, 'SIGTERM')
    await delay(300)
    if (before.some((pid) => !world.ffmpegs().includes(pid))) throw new Error('an FFmpeg did not ignore SIGTERM')
    const node = world.node('actors-0')
    node.signal('SIGTERM')
    await node.exited
    await untilOthersRun(world, before, 10_000)
  },
})

/** The faults, quickest first. */
export const ffmpegFaults: ReadonlyArray<Fault> = [
  fault({ name: 'FFmpeg killed', group, platform: { browser: true, ladder: true }, inTests: true, strike: signalTimes('SIGKILL', 1, 0) }),
  fault({ name: 'FFmpeg killed three times in a row', group, strike: signalTimes('SIGKILL', 3, 0) }),
  fault({ name: 'FFmpeg killed ten times over the stream', group, platform: withRung, strike: signalTimes('SIGKILL', 10, 600) }),
  fault({ name: 'FFmpeg ended by SIGSEGV', group, platform: { browser: true, ladder: true }, strike: signalTimes('SIGSEGV', 1, 0) }),
  fault({ name: 'FFmpeg ended by SIGTERM', group, strike: signalTimes('SIGTERM', 1, 0) }),
  fault({ name: 'FFmpeg hangs', group, platform: withRung, strike: signalTimes('SIGSTOP', 1, 0, hang_ms) }),
  misbehaving('exits with 0', 5_000),
  misbehaving('exits with 1', 5_000, withRung),
  misbehaving('writes garbage on an output', 5_000, withRung),
  misbehaving('stops in the middle of a fragment', hang_ms, withRung),
  misbehaving('closes one output', 5_000, withRung),
  floods,
  ignoresTerm,
]
