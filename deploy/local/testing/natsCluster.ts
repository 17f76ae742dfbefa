import { connect, type NatsConnection } from "nats"
import { freePort } from "../ports.ts"
import { nats } from "../services/natsService.ts"
import { connectionOptions } from "./natsOptions.ts"
import { type Restartable, restartable } from "./restartable.ts"

/** One server of a cluster. */
export interface ClusterServer {
  readonly name: string
  readonly server: Restartable
}

/** Three NATS servers with JetStream that hold each log thrice. */
export interface NatsCluster {
  /** All three, comma-separated. */
  readonly url: string
  readonly servers: ReadonlyArray<ClusterServer>
  /** The server that leads a log now, for instance `INGEST_0`; asks again while there is none. */
  readonly leaderOf: (log: string) => Promise<ClusterServer>
  readonly stop: () => Promise<void>
}

const size = 3
const ready_ms = 30_000
const pause_ms = 100

/** Asks through any of the servers until there is an answer. */
const asking = async <A>(url: string, question: (connection: NatsConnection) => Promise<A | undefined>): Promise<A> => {
  const deadline_ms = performance.now() + ready_ms
  for (;;) {
    try {
      const connection = await connect({ ...connectionOptions(url), timeout: 2_000 })
      const answer = await question(connection).finally(() => connection.close())
      if (answer !== undefined) return answer
    } catch (error) {
      if (performance.now() > deadline_ms) throw error
    }
    if (performance.now() > deadline_ms) throw new Error(`the cluster gave no answer for ${ready_ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, pause_ms))
  }
}

/** JetStream of a cluster works once its servers have elected a leader and each has heard of it. */
const untilReady = async (server: Restartable): Promise<void> => {
  await asking(server.url, async (connection) => (await (await connection.jetstreamManager()).getAccountInfo()) && true)
}

/** Starts a cluster on the loopback interface; resolves when it takes logs. */
export const startNatsCluster = async (): Promise<NatsCluster> => {
  const ports: Array<number> = []
  for (let index = 0; index < size; index++) ports.push(await freePort())
  const servers = await Promise.all(ports.map(async (port, index): Promise<ClusterServer> => {
    const name = `nats-${index}`
    const peerPorts = ports.filter((peer) => peer !== port)
    const server = await restartable(name, (folder, clientPort) =>
      nats({ folder, port: clientPort, fileStore_bytes_max: 16 * 1024 ** 3, cluster: { name, port, peerPorts } })
    )
    return { name, server }
  }))
  const url = servers.map(({ server }) => server.url).join(",")
  await Promise.all(servers.map(({ server }) => untilReady(server)))
  return {
    url,
    servers,
    leaderOf: async (log) => {
      const leader = await asking(url, async (connection) => (await (await connection.jetstreamManager()).streams.info(log)).cluster?.leader)
      const found = servers.find(({ name }) => name === leader)
      if (found === undefined) throw new Error(`${log} is led by ${leader}, which is not of this cluster`)
      return found
    },
    stop: async () => {
      await Promise.all(servers.map(({ server }) => server.stop()))
    }
  }
}
