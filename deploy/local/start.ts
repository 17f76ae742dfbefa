/** `npm start`: the services and the platform, until Ctrl-C. */
import { Effect } from "effect"
import { platform, untilPlatformEnds } from "./platform.ts"
import { runMain } from "./runMain.ts"

runMain(Effect.gen(function*() {
  const running = yield* platform({ reload: false })
  return yield* untilPlatformEnds(running)
}))
