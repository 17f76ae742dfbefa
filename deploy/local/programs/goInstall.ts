import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { onPath } from "./findProgram.ts"
import { runVisibly } from "./runVisibly.ts"

/** The Go that is installed, as [major, minor]; undefined without Go. */
const goVersion = (): readonly [number, number] | undefined => {
  if (onPath("go") === undefined) return undefined
  const printed = execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8", cwd: "/" })
  const match = /^go(\d+)\.(\d+)/.exec(printed)
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

/** Whether Go is here in at least that version. */
export const goCanBuild = (atLeast: readonly [number, number]): boolean => {
  const version = goVersion()
  if (version === undefined) return false
  return version[0] > atLeast[0] || (version[0] === atLeast[0] && version[1] >= atLeast[1])
}

/**
 * Builds `module` with Go into `target`. The program appears there only when it is whole, by a rename; what a killed
 * build left is cleared away, so call it under the program's lock.
 * Resolves with undefined, or with the end of what Go printed when the build failed.
 */
export const goInstall = async (module: string, target: string): Promise<string | undefined> => {
  const prefix = `.building-${basename(target)}-`
  mkdirSync(dirname(target), { recursive: true })
  for (const name of readdirSync(dirname(target)).filter((entry) => entry.startsWith(prefix))) {
    rmSync(join(dirname(target), name), { recursive: true, force: true })
  }
  const workplace = mkdtempSync(join(dirname(target), prefix))
  try {
    const built = await runVisibly(basename(target), "go", ["install", "-v", "-trimpath", "-ldflags=-s -w", module], {
      env: { ...process.env, GOBIN: workplace, GOFLAGS: "", CGO_ENABLED: "0" }
    })
    if (built.code !== 0) return built.tail
    renameSync(join(workplace, basename(target)), target)
    return undefined
  } finally {
    rmSync(workplace, { recursive: true, force: true })
  }
}
