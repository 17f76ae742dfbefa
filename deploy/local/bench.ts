/** `npm run bench`: every `bench/*.bench.ts` after another, each on fresh services; `npm run bench -- ingest` one of them. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { type BringUpError, BringUpRefused } from "./errors.ts"
import { projectFolder } from "./folders.ts"
import { keptTemporaryFolder } from "./keeper.ts"
import { keptProcess } from "./KeptProcess.ts"
import { ffmpeg, ffprobe } from "./programs/catalogue.ts"
import { runMain } from "./runMain.ts"
import { buildWeb } from "./buildWeb.ts"
import { localServices } from "./services/localServices.ts"

const folder = join(projectFolder, "bench")
const suffix = ".bench.ts"

const runBench = Effect.fnUntraced(
  function*(file: string) {
    const data = yield* Effect.acquireRelease(
      Effect.promise(() => keptTemporaryFolder("bench")),
      (created) => Effect.promise(() => created.remove())
    )
    const programs = { FFMPEG_PATH: yield* ffmpeg, FFPROBE_PATH: yield* ffprobe }
    yield* buildWeb
    const services = yield* localServices(data.path)
    process.stderr.write(`${file}\n`)
    const bench = yield* keptProcess({
      name: file,
      command: process.execPath,
      args: ["--disable-warning=ExperimentalWarning", join(folder, file)],
      cwd: projectFolder,
      env: { ...process.env, ...programs, ...services, MILLRACE_DATA: data.path },
      output: "inherit"
    })
    const { code } = yield* Effect.promise(() => bench.exited)
    return code ?? 1
  },
  Effect.scoped
)

const named = (names: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, BringUpRefused> => {
  const files = (existsSync(folder) ? readdirSync(folder) : []).filter((file) => file.endsWith(suffix)).sort()
  const unknown = names.find((name) => !files.includes(`${name}${suffix}`))
  if (unknown === undefined) return Effect.succeed(names.length === 0 ? files : names.map((name) => `${name}${suffix}`))
  const known = files.map((file) => file.slice(0, -suffix.length)).join(", ")
  return Effect.fail(new BringUpRefused({ message: `There is no benchmark ${unknown}; there are: ${known || "none yet"}.` }))
}

const main: Effect.Effect<number, BringUpError> = Effect.gen(function*() {
  let worst = 0
  for (const file of yield* named(process.argv.slice(2))) worst = Math.max(worst, yield* runBench(file))
  return worst
})

runMain(main)
