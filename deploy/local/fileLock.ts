import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"

/**
 * Runs `work` while holding an exclusive lock on `file`, waiting for whoever holds it. The lock is the kernel's, held by
 * a child that reads our pipe, so it ends with this process and never goes stale.
 */
export const withFileLock = async <A>(file: string, work: () => Promise<A>): Promise<A> => {
  mkdirSync(dirname(file), { recursive: true })
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"]
  })
  const held = await Promise.race([
    once(holder.stdout, "data").then(() => true),
    once(holder, "exit").then(() => false)
  ])
  if (!held) throw new Error(`cannot lock ${file}`)
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await once(holder, "exit")
  }
}
