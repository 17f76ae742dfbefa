/** What processes hold in memory, from `/proc`. */
import { readdirSync, readFileSync } from 'node:fs'

/** A process and what it holds. */
export interface ProcessMemory {
  readonly pid: number
  readonly name: string
  readonly rss_MB: number
}

const isGone = (error: unknown): boolean => ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')

const readStatus = (pid: number): { readonly parent: number; readonly memory: ProcessMemory } | undefined => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string): string => status.match(new RegExp(`^${name}:\\s+(\\S+)`, 'm'))?.[1] ?? ''
    return { parent: Number(field('PPid')), memory: { pid, name: field('Name'), rss_MB: Number(field('VmRSS')) / 1024 } }
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** A process and all its descendants that are there now. */
export const memoryOfTree = (root: number): ReadonlyArray<ProcessMemory> => {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => readStatus(Number(name)) ?? [])
  const found = all.filter(({ memory }) => memory.pid === root)
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.memory.pid))
  return found.map(({ memory }) => memory)
}
