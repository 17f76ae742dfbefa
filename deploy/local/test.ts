/** `npm test`: brings what the tests need, then checks protos and types and runs vitest; `npm test -- runtime` some of it. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Result } from "effect"
import { buildWeb } from "./buildWeb.ts"
import { type CheckResult, commandCheck } from "./checks/check.ts"
import { protoChecks } from "./checks/protoChecks.ts"
import { countOutcomes, summaryLine } from "./checks/testSummary.ts"
import type { ProgramMissing } from "./errors.ts"
import { projectFolder } from "./folders.ts"
import { keptTemporaryFolder } from "./keeper.ts"
import { keptProcess } from "./KeptProcess.ts"
import { chromium, ffmpeg, ffprobe, minio, natsServer } from "./programs/catalogue.ts"
import { runMain } from "./runMain.ts"

const hasPageTypes = existsSync(join(projectFolder, "web", "tsconfig.json"))
const inCI = process.env["CI"] === "true"

/** In CI a missing program fails the run; elsewhere the tests that need it are skipped, and this says so. */
const wanted = Effect.fnUntraced(function*(
  program: Effect.Effect<string, ProgramMissing>
): Effect.fn.Return<string | undefined, ProgramMissing> {
  const outcome = yield* Effect.result(program)
  if (Result.isSuccess(outcome)) return outcome.success
  if (inCI) return yield* outcome.failure
  process.stderr.write(`${outcome.failure.message} Tests that need it are skipped.\n`)
  return undefined
})

const runVitest = Effect.fnUntraced(function*(programs: NodeJS.ProcessEnv) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => keptTemporaryFolder("vitest")),
    (created) => Effect.promise(() => created.remove())
  )
  const reportFile = join(folder.path, "report.json")
  const vitest = yield* keptProcess({
    name: "vitest",
    command: "vitest",
    args: ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`, ...process.argv.slice(2)],
    cwd: projectFolder,
    env: { ...process.env, ...programs },
    grace_ms: 20_000,
    output: "inherit"
  })
  const { code } = yield* Effect.promise(() => vitest.exited)
  const report = existsSync(reportFile) ? readFileSync(reportFile, "utf8") : undefined
  return { code: code ?? 1, report }
})

const pages: Effect.Effect<CheckResult> = buildWeb.pipe(
  Effect.match({
    onSuccess: () => ({ name: "pages build", outcome: "passed" }),
    onFailure: (error) => ({ name: "pages build", outcome: "failed", reason: error.message })
  })
)

const showCheck = ({ name, outcome, reason }: CheckResult): void => {
  process.stdout.write(`${outcome.padEnd(7)} ${name}${reason === undefined ? "" : `: ${reason}`}\n`)
}

const everything = Effect.gen(function*() {
  yield* natsServer
  const FFMPEG_PATH = yield* ffmpeg
  const FFPROBE_PATH = yield* ffprobe
  const CHROMIUM_PATH = yield* wanted(chromium)
  yield* wanted(minio)
  const types = commandCheck("types", "tsc", ["--noEmit", "--pretty", "false"])
  const pageTypes = commandCheck("types of the pages", "tsc", ["--noEmit", "--pretty", "false", "-p", "web"])
  const checks: ReadonlyArray<CheckResult> = [yield* pages, ...(yield* protoChecks), yield* types, ...(hasPageTypes ? [yield* pageTypes] : [])]
  const vitest = yield* runVitest({ FFMPEG_PATH, FFPROBE_PATH, ...(CHROMIUM_PATH === undefined ? {} : { CHROMIUM_PATH }) })
  checks.forEach(showCheck)
  const counts = countOutcomes(checks, vitest.report, vitest.code)
  process.stdout.write(`${summaryLine(counts)}\n`)
  return counts.failed === 0 ? 0 : 1
})

runMain(everything.pipe(
  Effect.catch((error) =>
    Effect.sync(() => {
      process.stdout.write(`${error.message}\n${summaryLine({ passed: 0, failed: 1, skipped: 0 })}\n`)
      return 1
    })
  )
))
