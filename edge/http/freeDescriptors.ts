import { readdir, readFile } from 'node:fs/promises'
import { Effect } from 'effect'
import { DESCRIPTORS_FREE_MIN } from '../limits.ts'
import type { ReadinessCheck } from './Readiness.ts'

/** Fails while this process can hardly open another file or connection. Where the system does not tell, it never does. */
export const freeDescriptors: ReadinessCheck = Effect.suspend(() => (process.platform === 'linux' ? linux : Effect.void))

const linux: ReadinessCheck = Effect.tryPromise({
  try: async () => {
    const limits = await readFile('/proc/self/limits', 'utf8')
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
    return limit - (await readdir('/proc/self/fd')).length
  },
  catch: (cause) => `how many are open is not known (${cause instanceof Error ? cause.message : 'unknown error'})`
}).pipe(Effect.flatMap((free) => (free < DESCRIPTORS_FREE_MIN ? Effect.fail(`${free} are left`) : Effect.void)))
