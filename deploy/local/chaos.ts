/** `npm run chaos`: breaks everything that can break, on real processes, and shows what held; see `e2e/chaos/main.ts` for its arguments. */
import { join } from "node:path"
import { Effect } from "effect"
import { buildWeb } from "./buildWeb.ts"
import { projectFolder } from "./folders.ts"
import { keptProcess } from "./KeptProcess.ts"
import { ffmpeg, ffprobe, minio, natsServer } from "./programs/catalogue.ts"
import { runMain } from "./runMain.ts"

/** What faults need, and a list of them does not. */
const prepare = Effect.gen(function*() {
  const programs = { FFMPEG_PATH: yield* ffmpeg, FFPROBE_PATH: yield* ffprobe }
  yield* natsServer
  yield* minio
  yield* buildWeb
  return programs
})

runMain(Effect.gen(function*() {
  const programs = process.argv.includes("--list") ? {} : yield* prepare
  const chaos = yield* keptProcess({
    name: "chaos",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", join(projectFolder, "e2e", "chaos", "main.ts"), ...process.argv.slice(2)],
    cwd: projectFolder,
    env: { ...process.env, ...programs },
    grace_ms: 30_000,
    output: "inherit"
  })
  const { code } = yield* Effect.promise(() => chaos.exited)
  return code ?? 1
}))
