import { mkdirSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { type BringUpError, BringUpRefused } from "../errors.ts"
import { localSecrets } from "../secrets.ts"
import { nats } from "./natsService.ts"
import { objectStore } from "./objectStore.ts"
import { ensureDatabase, postgres } from "./postgresService.ts"

/** Where the platform finds its services; the names are those of its settings. */
export interface ServiceUrls {
  readonly NATS_URL: string
  readonly DATABASE_URL: string
  readonly OBJECT_STORE_URL: string
}

const natsFileStore_bytes_max = 64 * 1024 ** 3
const answersWithin_ms = 5_000

const defaultPorts: Readonly<Record<string, number>> = {
  "nats:": 4222,
  "tls:": 4222,
  "postgres:": 5432,
  "postgresql:": 5432,
  "http:": 80,
  "https:": 443
}

const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 })
    const end = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false))
  })

/** The value of a setting that names an existing service, once that service accepts connections; undefined when unset. */
const existing = Effect.fnUntraced(function*(
  setting: keyof ServiceUrls
): Effect.fn.Return<string | undefined, BringUpRefused> {
  const value = process.env[setting]
  if (value === undefined || value === "") return undefined
  const [first = ""] = value.split(",")
  const url = URL.parse(first.includes(":/") ? first : `nats://${first}`)
  if (url === null) return yield* new BringUpRefused({ message: `${setting} is not a URL.` })
  const port = url.port === "" ? defaultPorts[url.protocol] : Number(url.port)
  if (url.protocol === "file:" || port === undefined) return value
  const deadline = performance.now() + answersWithin_ms
  while (!(yield* Effect.promise(() => accepts(url.hostname, port)))) {
    if (performance.now() > deadline) {
      return yield* new BringUpRefused({
        message: `Nothing answers at ${url.hostname}:${port}, which ${setting} names: start it, or unset ${setting} to use a local one.`
      })
    }
    yield* Effect.sleep("200 millis")
  }
  return value
})

/**
 * The services of one run: those that `NATS_URL`, `DATABASE_URL` and `OBJECT_STORE_URL` name, and own ones, with their
 * data in `dataFolder`, in place of the others. Own ones end with the scope.
 */
export const localServices = Effect.fnUntraced(function*(
  dataFolder: string
): Effect.fn.Return<ServiceUrls, BringUpError, Scope.Scope> {
  const secrets = localSecrets(dataFolder)
  const folder = (name: string): string => {
    const path = join(dataFolder, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  const natsUrl = Effect.gen(function*() {
    const named = yield* existing("NATS_URL")
    if (named !== undefined) return named
    return (yield* nats({ folder: folder("nats"), fileStore_bytes_max: natsFileStore_bytes_max })).url
  })
  const databaseUrl = Effect.gen(function*() {
    const named = yield* existing("DATABASE_URL")
    if (named !== undefined) return named
    const server = yield* postgres({ folder: folder("postgres"), password: secrets.postgresPassword })
    yield* Effect.promise(() => ensureDatabase(server, "millrace"))
    return server.databaseUrl("millrace")
  })
  const objectStoreUrl = Effect.gen(function*() {
    return (yield* existing("OBJECT_STORE_URL")) ?? (yield* objectStore(dataFolder, secrets.minioSecretKey))
  })
  const [NATS_URL, DATABASE_URL, OBJECT_STORE_URL] = yield* Effect.all([natsUrl, databaseUrl, objectStoreUrl], {
    concurrency: "unbounded"
  })
  return { NATS_URL, DATABASE_URL, OBJECT_STORE_URL }
})
