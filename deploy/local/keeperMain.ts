/**
 * The keeper: a process beside the starter which outlives it and ends what it left behind.
 *
 * It reads one JSON order per line from its stdin, a pipe that only the starter holds. When the starter ends, however it
 * ends, the pipe closes and the keeper stops every process group still on its list, then removes the temporary folders.
 * It runs in its own session, so that Ctrl-C and a kill of the starter's group do not reach it.
 */
import { rmSync } from "node:fs"
import { createInterface } from "node:readline"
import type { KeeperOrder, KeptGroup } from "./keeperOrders.ts"

/** Nobody waits for an orphan's long drain: what it acknowledged is durable already. */
const orphanGrace_ms_max = 8_000

const groups = new Map<number, KeptGroup>()
const folders = new Set<string>()

/** False once the group has no process left. */
const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-pid, signal)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

const obey = (order: KeeperOrder): void => {
  switch (order.kind) {
    case "keep":
      groups.set(order.group.pid, order.group)
      return
    case "drop":
      groups.delete(order.pid)
      return
    case "removeFolder":
      folders.add(order.path)
      return
    case "folderRemoved":
      folders.delete(order.path)
  }
}

const endAll = async (): Promise<void> => {
  const startedAt = performance.now()
  const remaining = new Map<number, KeptGroup>(groups)
  for (const group of groups.values()) signalGroup(group.pid, group.stopSignal)
  while (remaining.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const waited_ms = performance.now() - startedAt
    for (const group of remaining.values()) {
      const grace_ms = Math.min(group.grace_ms, orphanGrace_ms_max)
      const overdue = waited_ms > grace_ms
      const alive = signalGroup(group.pid, overdue ? "SIGKILL" : 0)
      if (!alive || waited_ms > grace_ms + 1_000) remaining.delete(group.pid)
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  process.exit(0)
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined)
const lines = createInterface({ input: process.stdin })
lines.on("line", (line) => obey(JSON.parse(line) as KeeperOrder))
lines.on("close", () => void endAll())
process.stdout.write("ready\n")
