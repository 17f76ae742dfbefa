import { Cause, Effect, Exit, Fiber, type Scope } from "effect"
import type { BringUpError } from "./errors.ts"

/** Signals of one Ctrl-C arrive twice, from the terminal and from the parent. */
const sameKeystroke_ms = 500

const report = (cause: Cause.Cause<BringUpError>): void => {
  const failure = cause.reasons.find(Cause.isFailReason)
  process.stderr.write(`${failure === undefined ? Cause.pretty(cause) : failure.error.message}\n`)
}

/**
 * Runs a command of the bring-up to its end, or until Ctrl-C, SIGTERM, SIGHUP or the launcher's death; then releases
 * what it has acquired and exits with its code: 0 after a signal, 1 after a failure, whose message is printed.
 * A second signal, half a second later or more, exits at once and leaves the rest to the keeper.
 */
export const runMain = (command: Effect.Effect<number, BringUpError, Scope.Scope>): void => {
  const fiber = Effect.runFork(Effect.scoped(command))
  let stoppingSince: number | undefined
  const stop = (): void => {
    if (stoppingSince !== undefined && performance.now() - stoppingSince > sameKeystroke_ms) process.exit(130)
    if (stoppingSince !== undefined) return
    stoppingSince = performance.now()
    process.stderr.write("\nStopping.\n")
    Effect.runFork(Fiber.interrupt(fiber))
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
  process.on("disconnect", stop)
  process.channel?.unref()
  // A terminal that has gone must not keep us from stopping in an orderly way.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined)
  fiber.addObserver((exit) => {
    if (Exit.isSuccess(exit)) process.exit(exit.value)
    if (stoppingSince !== undefined && Cause.hasInterruptsOnly(exit.cause)) process.exit(0)
    report(exit.cause)
    process.exit(1)
  })
}
