import { connect } from "node:net"
import { Effect } from "effect"
import { ServiceNotReady } from "./errors.ts"
import type { KeptProcess } from "./KeptProcess.ts"

/**
 * Waits until `probe` is true, asking every 50 ms.
 *
 * Fails with `ServiceNotReady` when the process exits first or `within_ms` has passed.
 */
export const untilAnswering = Effect.fnUntraced(function*(
  running: KeptProcess,
  probe: () => Promise<boolean>,
  within_ms: number
): Effect.fn.Return<void, ServiceNotReady> {
  const deadline = performance.now() + within_ms
  while (true) {
    const answered = yield* Effect.promise(() => probe().catch(() => false))
    if (answered) return
    if (running.hasExited() || performance.now() > deadline) {
      const what = running.hasExited() ? "ended at its start" : `did not answer within ${within_ms / 1000} s`
      return yield* new ServiceNotReady({
        service: running.name,
        message: [`${running.name} ${what}.`, running.lastOutput()].filter((line) => line !== "").join("\n")
      })
    }
    yield* Effect.sleep("50 millis")
  }
})

/** The first line that a server sends to whoever connects; rejects when nobody listens or it takes over a second. */
export const greeting = (host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let text = ""
    socket.setEncoding("utf8")
    socket.setTimeout(1_000, () => socket.destroy(new Error("no greeting")))
    socket.once("error", reject)
    socket.once("close", () => reject(new Error("closed without a greeting")))
    socket.on("data", (data: string) => {
      text += data
      const end = text.indexOf("\n")
      if (end < 0) return
      resolve(text.slice(0, end).trimEnd())
      socket.destroy()
    })
  })
