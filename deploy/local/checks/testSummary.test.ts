import { describe, expect, it } from "vitest"
import { countOutcomes, summaryLine } from "./testSummary.ts"

const report = (passed: number, failed: number, pending = 0): string =>
  JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: 0, extra: [] })

describe("the summary of npm test", () => {
  it("adds checks and tests", () => {
    const checks = [{ name: "a", outcome: "passed" }, { name: "b", outcome: "failed" }] as const
    expect(summaryLine(countOutcomes(checks, report(10, 2), 1))).toBe("11 passed, 3 failed")
  })

  it("names what was skipped only where something was", () => {
    expect(summaryLine(countOutcomes([{ name: "a", outcome: "skipped" }], report(1, 0, 3), 0)))
      .toBe("1 passed, 0 failed, 4 skipped")
  })

  it("counts a run that failed without a failed test as one failure", () => {
    expect(countOutcomes([], report(5, 0), 1).failed).toBe(1)
  })

  it("counts a run that left no report as one failure", () => {
    expect(countOutcomes([], undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})
