/**
 * For tests: brings up the services in `MILLRACE_DATA` as the commands do, with a child that ignores SIGTERM, prints
 * one line of JSON about them, and goes on until it is told to end.
 */
import { Effect } from "effect"
import { lockDataFolder } from "../dataLock.ts"
import { dataFolder } from "../folders.ts"
import { keptProcess } from "../KeptProcess.ts"
import { runMain } from "../runMain.ts"
import { localServices } from "../services/localServices.ts"

runMain(Effect.gen(function*() {
  yield* lockDataFolder(dataFolder())
  const services = yield* localServices(dataFolder())
  const stubborn = yield* keptProcess({
    name: "stubborn",
    command: "sh",
    args: ["-c", "trap '' TERM; while :; do sleep 0.1; done"],
    grace_ms: 1_000,
    output: "inherit"
  })
  process.stdout.write(`${JSON.stringify({ services, stubborn: stubborn.pid })}\n`)
  return yield* Effect.never
}))
