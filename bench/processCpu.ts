/** What processor time processes have used, from `/proc`. */
import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the kernel's own tick is (proc(5), sysconf(3)). */
const ticksPerSecond = 100

/** User and system seconds of a process since its start, all threads. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold spaces; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Runs `work` and says how many seconds of processor time each of the named processes used meanwhile. */
export const withCpuSeconds = async <A>(
  pids: Readonly<Record<string, number>>,
  work: () => Promise<A>,
): Promise<{ readonly result: A; readonly cpu_s: Readonly<Record<string, number>> }> => {
  const before = Object.entries(pids).map(([name, pid]) => [name, pid, cpuSecondsOf(pid)] as const)
  const result = await work()
  return { result, cpu_s: Object.fromEntries(before.map(([name, pid, then]) => [name, cpuSecondsOf(pid) - then])) }
}
