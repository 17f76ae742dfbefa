/** What runs on this machine, from Linux's `/proc`. */
import { readdirSync, readFileSync } from 'node:fs'

interface ProcessStatus {
  readonly name: string
  readonly state: string
  readonly parent: number
}

// `pid (name) state parent …`; the name may hold anything, so its last parenthesis counts.
const statusOf = (pid: number): ProcessStatus | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent = '0'] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')), state, parent: Number(parent) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

/** Whether a process is there and has not ended; one that nobody has waited for has ended. */
export const isRunning = (pid: number): boolean => !['Z', 'X', undefined].includes(statusOf(pid)?.state)

/** Direct children that have not ended; of that name, where one is given. */
export const runningChildren = (parent: number, name?: string): ReadonlyArray<number> =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      const status = statusOf(pid)
      return status?.parent === parent && (name === undefined || status.name === name) && isRunning(pid)
    })
