import { Effect } from "effect"
import { type Finished, runVisibly } from "../programs/runVisibly.ts"

/** The outcome of one check; `reason` says why it failed or was skipped. */
export interface CheckResult {
  readonly name: string
  readonly outcome: "passed" | "failed" | "skipped"
  readonly reason?: string
}

/** Turns the end of a command into the result of a check. */
export const judged = (name: string, finished: Finished): CheckResult =>
  finished.code === 0
    ? { name, outcome: "passed" }
    : { name, outcome: "failed", reason: `exit code ${finished.code}; its reason stands above` }

/** A check that is one command. */
export const commandCheck = (name: string, command: string, args: ReadonlyArray<string>): Effect.Effect<CheckResult> =>
  Effect.promise(() => runVisibly(command, command, args)).pipe(Effect.map((finished) => judged(name, finished)))
