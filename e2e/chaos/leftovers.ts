/** What a world has left behind once its nodes have ended, from `/proc`, its temporary folder and NATS. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isRunning } from '../kit/processes.ts'
import type { ChaosWorld } from './ChaosWorld.ts'
import type { Expectations } from './Fault.ts'

/** Consumers of readers that were killed are removed by the server after this. */
const inactive_ms_max = 60_000

/** Processes whose temporary folder is this one, and their children: everything that nodes start inherits it. */
const processesWith = (temporary: string): ReadonlyArray<string> =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const read = (file: string): string => {
        try {
          return readFileSync(join('/proc', pid, file), 'utf8')
        } catch (error) {
          if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
          throw error
        }
      }
      const isOurs = read('environ').split('\0').includes(`TMPDIR=${temporary}`)
      return isOurs && isRunning(Number(pid)) ? [`process ${pid} runs: ${read('cmdline').replaceAll('\0', ' ').slice(0, 120)}`] : []
    })

/** Looks while the nodes still run: nothing of an ended stream may be held. */
export const heldByNodes = async (world: ChaosWorld): Promise<ReadonlyArray<string>> => {
  const children = world.ffmpegs().map((pid) => `FFmpeg ${pid} runs after the streams' end`)
  const leases = [...(await world.owners())].map(([id, node]) => `${node} holds the lease of ${id} after its end`)
  return [...children, ...leases]
}

/** Looks once every node has ended. */
export const leftBehind = async (world: ChaosWorld, { killed = [], requestsLost = false }: Expectations): Promise<ReadonlyArray<string>> => {
  const faults = [...processesWith(world.temporary)]
  faults.push(...readdirSync(world.temporary).map((name) => `${name} lies in the temporary folder`))
  faults.push(...(await consumersLeft(world, killed.length > 0 || requestsLost)))
  for (const node of world.started) {
    const { code, signal } = await node.exited
    if (code !== 0 && !killed.includes(node.name)) faults.push(`${node.name} ended with ${code ?? signal}`)
  }
  return faults
}

/** Consumers that are there when the server has had time to remove those without a reader; where processes were killed, such may be there still. */
const consumersLeft = async (world: ChaosWorld, mayEndByThemselves: boolean): Promise<ReadonlyArray<string>> => {
  const deadline_ms = performance.now() + inactive_ms_max + 10_000
  for (;;) {
    const consumers = (await world.nats.consumers()).filter(({ isDurable }) => !isDurable)
    const staying = consumers.filter(({ inactive_ms }) => inactive_ms === 0 || inactive_ms > inactive_ms_max)
    const isOver = mayEndByThemselves || consumers.length === 0 || staying.length > 0 || performance.now() > deadline_ms
    if (isOver) return (mayEndByThemselves ? staying : consumers).map(({ log, name }) => `consumer ${name} of ${log} is left`)
    await delay(1_000)
  }
}
