import { mkdirSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import type { TestProject } from "vitest/node"
import { keptTemporaryFolder } from "../keeper.ts"
import { minio } from "../programs/catalogue.ts"
import { minioServer } from "../services/minioService.ts"
import { nats } from "../services/natsService.ts"
import { ensureDatabase, postgres } from "../services/postgresService.ts"
import "./sharedServices.ts"

const natsAccounts = 200
const account_bytes_max = 4 * 1024 ** 3

/** One service of the run, started at its first use and stopped with the run. */
type Lazily = (path: string) => Promise<string>

const once = <A>(start: () => Promise<A>): (() => Promise<A>) => {
  let started: Promise<A> | undefined
  return () => (started ??= start())
}

const lazyServices = (folder: string, scope: Scope.Scope): Lazily => {
  const start = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
    Effect.runPromise(Scope.provide(effect, scope))
  const sharedPostgres = once(() =>
    start(postgres({ folder: join(folder, "postgres"), password: "test", durable: false }))
  )
  const sharedMinio = once(() =>
    start(
      Effect.gen(function*() {
        const program = yield* minio
        return yield* minioServer({ program, folder: join(folder, "minio"), accessKey: "millrace", secretKey: "millrace-secret" })
      })
    )
  )
  let databases = 0
  return async (path) => {
    if (path === "/minio") return (await sharedMinio()).bucketUrl("")
    if (path !== "/postgres") throw new Error(`no service at ${path}`)
    const server = await sharedPostgres()
    const database = `test_${databases++}`
    await ensureDatabase(server, database)
    return server.databaseUrl(database)
  }
}

const control = (lazily: Lazily): Promise<{ server: Server; url: string }> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      lazily(request.url ?? "").then(
        (url) => response.end(url),
        (cause: unknown) => response.writeHead(503).end(cause instanceof Error ? cause.message : String(cause))
      )
    })
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      if (address === null || typeof address === "string") reject(new Error("no TCP address"))
      else resolve({ server, url: `http://127.0.0.1:${address.port}` })
    })
  })

/** Starts the run's NATS server at once, PostgreSQL and MinIO when a test first asks; stops all at the run's end. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await keptTemporaryFolder("test")
  const scope = Effect.runSync(Scope.make())
  for (const name of ["nats", "postgres", "minio", "accounts"]) mkdirSync(join(folder.path, name))
  const server = await Effect.runPromise(
    Scope.provide(
      nats({
        folder: join(folder.path, "nats"),
        fileStore_bytes_max: account_bytes_max * natsAccounts,
        accounts: natsAccounts,
        accountFileStore_bytes_max: account_bytes_max
      }),
      scope
    )
  )
  const lazily = await control(lazyServices(folder.path, scope))
  project.provide("millrace", { natsPort: server.port, natsAccounts, folder: folder.path, controlUrl: lazily.url })
  return async () => {
    lazily.server.closeAllConnections()
    lazily.server.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await folder.remove()
  }
}
