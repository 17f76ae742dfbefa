import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { greeting, untilAnswering } from "../answering.ts"
import type { BringUpError } from "../errors.ts"
import { type KeptProcess, keptProcess } from "../KeptProcess.ts"
import { freePort } from "../ports.ts"
import { natsServer } from "../programs/catalogue.ts"

/** How to run an own NATS server with JetStream. */
export interface NatsOptions {
  /** Holds the configuration, the log and the JetStream store. */
  readonly folder: string
  /** A free one by default. */
  readonly port?: number
  /** Limit of the JetStream file store. */
  readonly fileStore_bytes_max: number
  /** Separate accounts `t0`, `t1`, … with JetStream, password = user; 0 means the one default account without users. */
  readonly accounts?: number
  /** JetStream file limit of each of those accounts. */
  readonly accountFileStore_bytes_max?: number
  /** Where it is one server of a cluster. */
  readonly cluster?: { readonly name: string; readonly port: number; readonly peerPorts: ReadonlyArray<number> }
  /** Largest message; 8 MB by default. */
  readonly payload_bytes_max?: number
}

/** A running NATS server. */
export interface RunningNats {
  readonly url: string
  readonly port: number
  readonly process: KeptProcess
}

const accountsBlock = (count: number, file_bytes_max: number): string => {
  const account = (index: number): string =>
    `  T${index}: { users: [{ user: t${index}, password: t${index} }], jetstream: ` +
    `{ max_memory: 256MB, max_file: ${file_bytes_max}, max_streams: -1, max_consumers: -1 } }`
  return ["accounts: {", ...Array.from({ length: count }, (_, index) => account(index)), "}"].join("\n")
}

const clusterBlock = ({ name, port, peerPorts }: NonNullable<NatsOptions["cluster"]>): ReadonlyArray<string> => [
  `server_name: ${JSON.stringify(name)}`,
  `cluster: { name: "millrace", listen: "127.0.0.1:${port}", routes: [${peerPorts.map((peer) => `"nats://127.0.0.1:${peer}"`).join(", ")}] }`
]

/** The text of the server's configuration file. */
const natsConfiguration = (options: NatsOptions, port: number): string =>
  [
    `listen: "127.0.0.1:${port}"`,
    `max_payload: ${options.payload_bytes_max ?? "8MB"}`,
    "max_pending: 128MB",
    `jetstream: { store_dir: ${JSON.stringify(join(options.folder, "jetstream"))}, max_memory_store: 64GB, max_file_store: ${options.fileStore_bytes_max} }`,
    ...(options.cluster === undefined ? [] : clusterBlock(options.cluster)),
    ...((options.accounts ?? 0) > 0
      ? [accountsBlock(options.accounts ?? 0, options.accountFileStore_bytes_max ?? options.fileStore_bytes_max)]
      : []),
    ""
  ].join("\n")

/** Starts a NATS server with JetStream on the loopback interface and waits until it answers. */
export const nats = Effect.fnUntraced(function*(
  options: NatsOptions
): Effect.fn.Return<RunningNats, BringUpError, Scope.Scope> {
  const program = yield* natsServer
  const port = options.port ?? (yield* Effect.promise(() => freePort()))
  const configuration = join(options.folder, "nats-server.conf")
  writeFileSync(configuration, natsConfiguration(options, port))
  const process = yield* keptProcess({
    name: "nats-server",
    command: program,
    args: ["-c", configuration],
    output: { file: join(options.folder, "nats-server.log") }
  })
  const answers = async (): Promise<boolean> => (await greeting("127.0.0.1", port)).includes('"jetstream":true')
  yield* untilAnswering(process, answers, 30_000)
  return { url: `nats://127.0.0.1:${port}`, port, process }
})
