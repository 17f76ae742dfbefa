import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { Effect, Exit, Scope } from "effect"
import { keptTemporaryFolder } from "../keeper.ts"
import type { KeptProcess } from "../KeptProcess.ts"
import { freePort } from "../ports.ts"

/** A server of one test, which may stop, kill, freeze and restart it. Its data and its port stay the same throughout. */
export interface Restartable {
  readonly url: string
  /** Of the process that runs now. */
  readonly pid: number
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again after `kill`, or ends it in an orderly way and starts it again; resolves when it answers. */
  restart(): Promise<void>
  /** Stops it where it is; resolves when it stands still, which a busy machine may take a while for. */
  freeze(): Promise<void>
  thaw(): void
}

/** A server that has started. */
export interface Started {
  readonly url: string
  readonly process: KeptProcess
}

/** Whether no thread of a process runs, or the process has ended. */
const standsStill = ({ pid, hasExited }: KeptProcess): boolean =>
  hasExited() || readdirSync(`/proc/${pid}/task`).every((thread) => / \(.*\) [TtZX] /s.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1")))

/** Starts a server with a folder and a port of its own. */
export const restartable = async (
  name: string,
  start: (folder: string, port: number) => Effect.Effect<Started, unknown, Scope.Scope>
): Promise<Restartable> => {
  const folder = await keptTemporaryFolder(name)
  const port = await freePort()
  const run = async (): Promise<Started & { close(): Promise<void> }> => {
    mkdirSync(folder.path, { recursive: true })
    const scope = Effect.runSync(Scope.make())
    const started = await Effect.runPromise(Scope.provide(start(folder.path, port), scope))
    return { ...started, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
  }
  let current = await run()
  const kill = async (): Promise<void> => {
    current.process.signal("SIGKILL")
    await current.process.exited
  }
  return {
    url: current.url,
    get pid() {
      return current.process.pid
    },
    kill,
    freeze: async () => {
      current.process.signal("SIGSTOP")
      while (!standsStill(current.process)) await delay(1)
    },
    thaw: () => current.process.signal("SIGCONT"),
    restart: async () => {
      await current.close()
      current = await run()
    },
    stop: async () => {
      current.process.signal("SIGCONT")
      await current.close()
      await folder.remove()
    }
  }
}
