import { SimulatedProcess } from './SimulatedProcess.ts'
import type { Scheduled } from '../world/EventQueue.ts'

let installed = false

/**
 * Gives plain code its process's own clocks, timers and chance while it runs inside a simulated process; outside, all is
 * as it was. For what production code reads from globals.
 */
export const installVirtualGlobals = (): void => {
  if (installed) return
  installed = true
  const real = { now: performance.now.bind(performance), date: Date.now, random: Math.random, set: globalThis.setTimeout, clear: globalThis.clearTimeout }
  performance.now = () => SimulatedProcess.current?.mono_ms() ?? real.now()
  Date.now = () => SimulatedProcess.current?.wall_ms() ?? real.date()
  Math.random = () => SimulatedProcess.current?.dice.next() ?? real.random()
  const timers = new WeakSet<Scheduled>()
  const set = (run: () => void, delay_ms?: number): unknown => {
    const process = SimulatedProcess.current
    if (process === undefined) return real.set(run, delay_ms)
    const timer = process.after(delay_ms ?? 0, run)
    timers.add(timer)
    return timer
  }
  const clear = (timer: unknown): void => {
    if (typeof timer === 'object' && timer !== null && timers.has(timer as Scheduled)) (timer as Scheduled).run = undefined
    else real.clear(timer as NodeJS.Timeout)
  }
  globalThis.setTimeout = set as typeof setTimeout
  globalThis.clearTimeout = clear as typeof clearTimeout
}
