/** `npm run demo`: as `npm start`, with a publisher and a viewer of our own; `-- --once` ends when they have measured. */
import { join } from "node:path"
import { Effect } from "effect"
import { projectFolder } from "./folders.ts"
import { keptProcess } from "./KeptProcess.ts"
import { platform, untilPlatformEnds } from "./platform.ts"
import { runMain } from "./runMain.ts"

const args = process.argv.slice(2)

runMain(Effect.gen(function*() {
  const running = yield* platform({ reload: false })
  const show = yield* keptProcess({
    name: "demo",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", join(projectFolder, "deploy", "demo", "main.ts"), ...args],
    cwd: projectFolder,
    env: { ...running.environment, MILLRACE_URL: running.url },
    grace_ms: 10_000,
    output: "inherit"
  })
  const ended = Effect.promise(() => show.exited)
  const platformEnded = untilPlatformEnds(running)
  const shown = Effect.gen(function*() {
    const { code } = yield* ended
    if (code !== 0 || args.includes("--once")) return code ?? 1
    return yield* Effect.never
  })
  return yield* Effect.raceFirst(shown, platformEnded)
}))
