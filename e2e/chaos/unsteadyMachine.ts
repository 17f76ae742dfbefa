/**
 * A machine that misbehaves, for one node: loaded before the platform (`--import`), it steps the clock or stands still
 * when told by SIGUSR2, as the file that `MILLRACE_CHAOS_ORDER` names says. Nothing here is imported by the platform.
 */
import { readFileSync } from 'node:fs'

/** What the machine does when told. */
export type MachineOrder =
  /** The wall clock is so far ahead from now on; the monotonic one is not. */
  | { readonly do: 'shiftClock'; readonly ms: number }
  /** Nothing of the process runs for so long. */
  | { readonly do: 'standStill'; readonly ms: number }

let shift_ms = 0
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(RealDate.now() + shift_ms).toString(),
  construct: (target, args, newTarget: NewableFunction) => Reflect.construct(target, args.length === 0 ? [target.now() + shift_ms] : args, newTarget) as Date,
  get: (target, name, receiver) => (name === 'now' ? () => target.now() + shift_ms : (Reflect.get(target, name, receiver) as unknown)),
})

process.on('SIGUSR2', () => {
  const order = JSON.parse(readFileSync(process.env['MILLRACE_CHAOS_ORDER'] ?? '', 'utf8')) as MachineOrder
  if (order.do === 'shiftClock') shift_ms = order.ms
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.ms)
})
