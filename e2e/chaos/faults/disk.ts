/** The disk under NATS: full, though the logs' own limits are far away. Mounts a file system of its own, so only root can do it. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../../actors/archive/testing/until.ts'
import type { Arrangement } from '../arrangement.ts'
import { type Fault, arrangedFault } from '../Fault.ts'
import { untilAcknowledged } from '../outage.ts'

/** Room for a minute of chaos, and soon filled. */
const disk_bytes = 192 * 1024 ** 2

interface SmallDisk extends Arrangement {
  /** Takes all the room that is left. */
  readonly fill: () => void
  readonly free: () => void
}

/** The folder of a nats-server, by the configuration that it was started with. */
const folderOf = (pid: number): string => {
  const [, , configuration = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  return join(dirname(configuration), 'jetstream')
}

/** The server writes at the same time: that the room ends before the file does is what is wanted. */
const writeWhatFits = (file: string, data: Uint8Array): void => {
  try {
    writeFileSync(file, data)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

const fullDisk = arrangedFault({
  name: 'the disk of NATS is full for 4 s, then has room again and the server is started again',
  group: 'disk',
  expects: { requestsLost: true },
  arrange: async ({ nats }): Promise<SmallDisk> => {
    const store = folderOf(nats.pid)
    const filler = join(store, 'filler')
    await nats.kill()
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk_bytes}`, 'tmpfs', store])
    await nats.restart()
    return {
      fill: () => {
        const { bavail, bsize } = statfsSync(store)
        writeWhatFits(filler, Buffer.alloc(bavail * bsize))
      },
      free: () => rmSync(filler, { force: true }),
      close: async () => {
        rmSync(filler, { force: true })
        execFileSync('umount', ['--lazy', store])
      },
    }
  },
  strike: async (world, { fill, free }) => {
    fill()
    const before = world.streams.map(({ current }) => current.publisher.acknowledged())
    await delay(4_000)
    const acknowledged = world.streams.map(({ current }, index) => current.publisher.acknowledged() - (before[index] ?? 0))
    world.figures.set('acknowledged while full (chunks)', Math.max(...acknowledged))
    free()
    await world.services.nats.restart()
    await untilAcknowledged(world, 20_000)
    const [edge] = world.edges
    await until('the edge is ready again', async () => ((await fetch(`${edge?.url}/ready`)).ok ? true : undefined), 20_000)
  },
})

/** The fault, where this process may mount. */
export const diskFaults: ReadonlyArray<Fault> = process.getuid?.() === 0 ? [fullDisk] : []
