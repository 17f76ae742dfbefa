import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { ServiceNotReady } from "./errors.ts"
import { withFileLock } from "./fileLock.ts"
import { projectFolder } from "./folders.ts"
import { runVisibly } from "./programs/runVisibly.ts"

const web = join(projectFolder, "web")
const built = join(web, "dist", "index.html")

const newestSource_ms = (): number =>
  readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(web, "dist")) && !path.includes("/node_modules/"))
    .reduce((newest, path) => Math.max(newest, statSync(path).mtimeMs), 0)

const isCurrent = (): boolean => existsSync(built) && statSync(built).mtimeMs >= newestSource_ms()

/** Builds the pages where they were never built or their sources are newer. Fails with what Vite said. */
export const buildWeb = Effect.gen(function*() {
  if (isCurrent()) return
  const outcome = yield* Effect.promise(() =>
    withFileLock(join(projectFolder, "node_modules", ".web-build.lock"), async () => {
      if (isCurrent()) return undefined
      process.stderr.write("Building the pages.\n")
      return runVisibly("web", "vite", ["build", "web", "--logLevel", "warn"])
    })
  )
  if (outcome !== undefined && outcome.code !== 0) {
    return yield* new ServiceNotReady({ service: "web", message: "The pages could not be built; the reason stands above." })
  }
})
