/**
 * `npm run screenshots`: pictures of each page in each state, taken from a platform of its own with nothing in it before.
 * `-- --out docs/pages` chooses the folder, `-- home-live watch` the scenes whose names begin so.
 */
import { join } from "node:path"
import { Effect } from "effect"
import { projectFolder } from "./folders.ts"
import { keptTemporaryFolder } from "./keeper.ts"
import { keptProcess } from "./KeptProcess.ts"
import { platform, untilPlatformEnds } from "./platform.ts"
import { chromium } from "./programs/catalogue.ts"
import { runMain } from "./runMain.ts"

runMain(Effect.gen(function*() {
  const CHROMIUM_PATH = yield* chromium
  const data = yield* Effect.acquireRelease(
    Effect.promise(() => keptTemporaryFolder("screenshots")),
    (created) => Effect.promise(() => created.remove())
  )
  const running = yield* platform({ reload: false, data: data.path })
  const taking = yield* keptProcess({
    name: "screenshots",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", join(projectFolder, "e2e", "screenshots", "main.ts"), ...process.argv.slice(2)],
    cwd: projectFolder,
    env: { ...running.environment, CHROMIUM_PATH, MILLRACE_URL: running.url },
    grace_ms: 10_000,
    output: "inherit"
  })
  const taken = Effect.promise(() => taking.exited).pipe(Effect.map(({ code }) => code ?? 1))
  return yield* Effect.raceFirst(taken, untilPlatformEnds(running))
}))
