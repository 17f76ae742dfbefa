import { readdirSync, readFileSync } from 'node:fs'

/** S: waits for something; T, t: stopped. D is the machine's, R its own. */
const ASLEEP: ReadonlySet<string | undefined> = new Set(['S', 'T', 't'])

const stateOf = (stat: string): string | undefined => stat[stat.lastIndexOf(')') + 2]

/** Whether every thread of a process waits or is stopped now. Not where nobody can say: without `/proc`, or once it is gone. */
export const isAsleep = (pid: number): boolean => {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => ASLEEP.has(stateOf(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'))))
  } catch {
    return false
  }
}
