import { Schema } from "effect"
import type { CheckResult } from "./check.ts"

const VitestReport = Schema.Struct({
  numPassedTests: Schema.Int,
  numFailedTests: Schema.Int,
  numPendingTests: Schema.Int,
  numTodoTests: Schema.Int
})

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(VitestReport))

/** How many tests and checks ended in which way. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Adds up the checks and vitest's JSON report (its text; undefined when vitest left none, which counts as a failure).
 * `vitestCode` is its exit code: a run that failed although no test did, for instance by a file that does not load,
 * counts as one failure.
 */
export const countOutcomes = (
  checks: ReadonlyArray<CheckResult>,
  report: string | undefined,
  vitestCode: number
): Counts => {
  const checksThat = (outcome: CheckResult["outcome"]): number =>
    checks.filter((check) => check.outcome === outcome).length
  const tests = report === undefined ? undefined : decode(report)
  const failedTests = tests?.numFailedTests ?? 0
  const failedOtherwise = failedTests === 0 && (vitestCode !== 0 || tests === undefined) ? 1 : 0
  return {
    passed: checksThat("passed") + (tests?.numPassedTests ?? 0),
    failed: checksThat("failed") + failedTests + failedOtherwise,
    skipped: checksThat("skipped") + (tests === undefined ? 0 : tests.numPendingTests + tests.numTodoTests)
  }
}

/** The last line of `npm test`: `N passed, N failed`, with `, N skipped` where something was. */
export const summaryLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
