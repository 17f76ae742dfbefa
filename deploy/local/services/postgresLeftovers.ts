import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
  } catch {
    return ""
  }
}

const ends_within_ms = 10_000

/**
 * Deals with what a killed PostgreSQL left in its cluster: a `postmaster.pid` whose number now belongs to nobody or to
 * another program is removed, and a server that still runs on this cluster is asked to end. Call it only when the
 * data folder is ours.
 */
export const clearStalePostmaster = async (cluster: string): Promise<void> => {
  const file = join(cluster, "postmaster.pid")
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, "utf8").split("\n")[0])
  const isOurs = (): boolean => commandLine(pid).split("\0").includes(cluster)
  if (isOurs()) process.kill(pid, "SIGINT")
  const deadline = performance.now() + ends_within_ms
  while (isOurs() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
  if (!isOurs()) rmSync(file, { force: true })
}
