import { isIPv6 } from "node:net"
import { Effect } from "effect"
import { BringUpRefused } from "./errors.ts"
import { freePort, isPortFree } from "./ports.ts"

/** Where the platform listens. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const usualPort = 8080

const choosePort = Effect.fnUntraced(function*(host: string): Effect.fn.Return<number, BringUpRefused> {
  const text = process.env["PORT"]
  if (text === undefined || text === "") {
    const isFree = yield* Effect.promise(() => isPortFree(host, usualPort))
    return isFree ? usualPort : yield* Effect.promise(() => freePort(host))
  }
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return yield* new BringUpRefused({ message: `PORT=${text} is not a port: set it to a number from 1 to 65535.` })
  }
  if (!(yield* Effect.promise(() => isPortFree(host, port)))) {
    return yield* new BringUpRefused({ message: `Port ${port} is taken: set PORT to another, or unset it to get a free one.` })
  }
  return port
})

/** `HOST` and `PORT`; where the port is unset and the usual one is taken, a free one. */
export const listenAddress = Effect.gen(function*() {
  const host = process.env["HOST"] || "127.0.0.1"
  const port = yield* choosePort(host)
  return { host, port } satisfies ListenAddress
})

/** The address for a client on this machine. */
export const localUrl = ({ host, port }: ListenAddress): string => {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`
}

/** Whether only this machine can connect. */
export const isLoopback = ({ host }: ListenAddress): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("127.")
