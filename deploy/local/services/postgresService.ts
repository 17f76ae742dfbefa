import { join } from "node:path"
import { Effect, type Scope } from "effect"
import pg from "pg"
import { untilAnswering } from "../answering.ts"
import { type BringUpError, ServiceNotReady } from "../errors.ts"
import { type KeptProcess, keptProcess } from "../KeptProcess.ts"
import { freePort } from "../ports.ts"
import { clearStalePostmaster } from "./postgresLeftovers.ts"
import { initialisePostgres, postgresBinaries, postgresRunner } from "./postgresFiles.ts"

/** How to run an own PostgreSQL. */
export interface PostgresOptions {
  /** Holds the database cluster (`cluster/`), and the log. */
  readonly folder: string
  /** A free one by default. */
  readonly port?: number
  readonly password: string
  /** False survives a killed server but not lost power, and is faster: for tests only. Default true. */
  readonly durable?: boolean
}

/** A running PostgreSQL. */
export interface RunningPostgres {
  readonly port: number
  /** The `DATABASE_URL` of a database in it. */
  readonly databaseUrl: (database: string) => string
  readonly process: KeptProcess
}

const withClient = async <A>(connectionString: string, use: (client: pg.Client) => Promise<A>): Promise<A> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 })
  client.on("error", () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Creates a database when it is not there yet. */
export const ensureDatabase = (server: RunningPostgres, database: string): Promise<void> =>
  withClient(server.databaseUrl("postgres"), async (client) => {
    const found = await client.query("select 1 from pg_database where datname = $1", [database])
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`)
  })

const settings = (durable: boolean): ReadonlyArray<string> =>
  [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=100",
    ...(durable ? [] : ["fsync=off", "full_page_writes=off"])
  ].flatMap((setting) => ["-c", setting])

/** Starts PostgreSQL on the loopback interface, creating its cluster at the first start, and waits until it answers. */
export const postgres = Effect.fnUntraced(function*(
  options: PostgresOptions
): Effect.fn.Return<RunningPostgres, BringUpError, Scope.Scope> {
  const cluster = join(options.folder, "cluster")
  const binaries = yield* Effect.promise(() => postgresBinaries())
  const failure = yield* Effect.promise(() => initialisePostgres(binaries, cluster, options.password))
  if (failure !== undefined) return yield* new ServiceNotReady({ service: "PostgreSQL", message: failure })
  yield* Effect.promise(() => clearStalePostmaster(cluster))
  const port = options.port ?? (yield* Effect.promise(() => freePort()))
  const [command = binaries.postgres, ...args] = [
    ...postgresRunner(),
    binaries.postgres,
    "-D",
    cluster,
    "-p",
    String(port),
    ...settings(options.durable ?? true)
  ]
  const running = yield* keptProcess({
    name: "PostgreSQL",
    command,
    args,
    cwd: "/",
    stopSignal: "SIGINT",
    grace_ms: 8_000,
    output: { file: join(options.folder, "postgres.log") }
  })
  const databaseUrl = (database: string): string =>
    `postgres://millrace:${encodeURIComponent(options.password)}@127.0.0.1:${port}/${database}`
  const answers = (): Promise<boolean> =>
    withClient(databaseUrl("postgres"), (client) => client.query("select 1")).then(() => true)
  yield* untilAnswering(running, answers, 60_000)
  return { port, databaseUrl, process: running }
})
