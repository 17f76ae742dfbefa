import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { keptTemporaryFolder } from "../keeper.ts"
import type { KeptProcess } from "../KeptProcess.ts"
import { freePort } from "../ports.ts"
import { minio } from "../programs/catalogue.ts"
import { minioServer } from "../services/minioService.ts"
import { nats } from "../services/natsService.ts"
import { postgres } from "../services/postgresService.ts"

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
  /** For instance SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void
}

interface Started {
  readonly url: string
  readonly process: KeptProcess
}

const restartable = async (
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
    signal: (signal) => current.process.signal(signal),
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

/** An own NATS server with JetStream, without users. */
export const startNats = (
  options: { readonly fileStore_bytes_max?: number; readonly payload_bytes_max?: number } = {}
): Promise<Restartable> =>
  restartable("nats", (folder, port) =>
    nats({ ...options, folder, port, fileStore_bytes_max: options.fileStore_bytes_max ?? 16 * 1024 ** 3 })
  )

/** An own PostgreSQL; `url` names its empty database `postgres`. */
export const startPostgres = (): Promise<Restartable> =>
  restartable("postgres", (folder, port) =>
    postgres({ folder, port, password: "test", durable: false }).pipe(
      Effect.map((server) => ({ url: server.databaseUrl("postgres"), process: server.process }))
    )
  )

/** An own MinIO; `url` names the bucket `millrace`, which does not exist yet. */
export const startMinio = (): Promise<Restartable> =>
  restartable("minio", (folder, port) =>
    Effect.gen(function*() {
      const program = yield* minio
      const server = yield* minioServer({ program, folder: join(folder), port, accessKey: "millrace", secretKey: "millrace-secret" })
      return { url: server.bucketUrl("millrace"), process: server.process }
    })
  )
