/** Faults of FFmpeg: it dies, hangs, or does what no FFmpeg should. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { type Fault, fault } from '../Fault.ts'

const group = 'FFmpeg'

/** Signals every FFmpeg that runs. */
const signalAll = (world: ChaosWorld, signal: NodeJS.Signals): void => {
  for (const pid of world.ffmpegs()) process.kill(pid, signal)
}

/** Signals all, again and again, each time once all run again. */
const signalTimes = (signal: NodeJS.Signals, times: number, pause_ms: number) => async (world: ChaosWorld): Promise<void> => {
  for (let time = 0; time < times; time++) {
    await world.untilAllRun()
    signalAll(world, signal)
    await delay(pause_ms)
  }
  await world.untilAllRun()
}

/** The faults, quickest first. */
export const ffmpegFaults: ReadonlyArray<Fault> = [
  fault({ name: 'FFmpeg killed', group, platform: { browser: true }, inTests: true, strike: signalTimes('SIGKILL', 1, 200) }),
]
