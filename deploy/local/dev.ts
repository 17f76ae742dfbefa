/** `npm run dev`: as `npm start`, with the platform and the pages made anew whenever a source file changes. */
import { Effect } from "effect"
import { projectFolder } from "./folders.ts"
import { keptProcess } from "./KeptProcess.ts"
import { platform, untilPlatformEnds } from "./platform.ts"
import { runMain } from "./runMain.ts"

runMain(Effect.gen(function*() {
  const running = yield* platform({ reload: true })
  yield* keptProcess({
    name: "vite",
    command: "vite",
    args: ["build", "web", "--watch", "--logLevel", "warn"],
    cwd: projectFolder,
    output: "inherit"
  })
  return yield* untilPlatformEnds(running)
}))
