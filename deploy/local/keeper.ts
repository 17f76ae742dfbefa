import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { KeeperOrder } from "./keeperOrders.ts"

const keeperMain = fileURLToPath(new URL("keeperMain.ts", import.meta.url))

let current: Promise<Writable> | undefined

const launch = async (lockFile: string | undefined): Promise<Writable> => {
  const own = [process.execPath, "--disable-warning=ExperimentalWarning", keeperMain]
  const command = lockFile === undefined ? own : ["flock", "--nonblock", "--no-fork", lockFile, ...own]
  const child: ChildProcess = spawn(command[0] ?? "", command.slice(1), {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "inherit"]
  })
  if (child.stdin === null || child.stdout === null) throw new Error("the keeper has no pipes")
  const ready = await Promise.race([
    once(child.stdout, "data").then(() => true),
    once(child, "exit").then(() => false)
  ])
  if (!ready) throw new Error(lockFile === undefined ? "the keeper did not start" : `${lockFile} is locked`)
  child.stdin.on("error", () => {
    process.stderr.write("The keeper process is gone; stopping so that nothing is left behind.\n")
    process.kill(process.pid, "SIGTERM")
  })
  child.stdout.destroy()
  child.unref()
  const pipe: Writable & { unref?: () => void } = child.stdin
  pipe.unref?.()
  return pipe
}

/**
 * Starts this process's keeper, once. With `lockFile` the keeper holds an exclusive lock on it until the last process
 * that it keeps has ended, also when the starter was killed.
 *
 * Rejects when the lock is taken, or when the keeper cannot start.
 */
export const startKeeper = async (lockFile?: string): Promise<void> => {
  if (lockFile !== undefined && current !== undefined) throw new Error("the keeper runs already, without this lock")
  current ??= launch(lockFile)
  await current.catch((cause: unknown) => {
    current = undefined
    throw cause
  })
}

/** Hands the keeper an order; the write has reached the pipe's buffer when this resolves. */
export const orderKeeper = async (order: KeeperOrder): Promise<void> => {
  await startKeeper()
  const pipe = await current
  await new Promise<void>((resolve, reject) => {
    pipe?.write(`${JSON.stringify(order)}\n`, (error) => (error ? reject(error) : resolve()))
  })
}

/** A temporary folder that is removed by `remove`, or by the keeper when this process ends without calling it. */
export const keptTemporaryFolder = async (name: string): Promise<{ path: string; remove(): Promise<void> }> => {
  const path = mkdtempSync(join(tmpdir(), `millrace-${name}-`))
  await orderKeeper({ kind: "removeFolder", path })
  return {
    path,
    remove: async () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 3 })
      await orderKeeper({ kind: "folderRemoved", path })
    }
  }
}
