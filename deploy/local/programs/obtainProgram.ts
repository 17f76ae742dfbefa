import { join } from "node:path"
import { Effect } from "effect"
import { ProgramMissing } from "../errors.ts"
import { withFileLock } from "../fileLock.ts"
import { cacheFolder } from "../folders.ts"
import { debianInstall } from "./debianInstall.ts"
import { cachedProgram, findProgram, onPath } from "./findProgram.ts"
import { goCanBuild, goInstall } from "./goInstall.ts"

/** A program that Millrace runs, and the ways to come by it, in the order in which they are tried. */
export interface ProgramSource {
  /** The name of its file. */
  readonly name: string
  /** The setting that names its path. */
  readonly variable: string
  readonly goModule?: { readonly module: string; readonly goAtLeast: readonly [number, number] }
  readonly debianPackage?: string
}

const missing = (source: ProgramSource, reasons: ReadonlyArray<string>): ProgramMissing => {
  const ways = [
    ...(source.debianPackage === undefined ? [] : [`run "sudo apt-get install ${source.debianPackage}"`]),
    ...(source.goModule === undefined ? [] : [`install Go ${source.goModule.goAtLeast.join(".")} or newer`]),
    `set ${source.variable} to its path`
  ]
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`
  return new ProgramMissing({
    program: source.name,
    message: `${source.name} is needed and could not be installed${why}: ${ways.join(", or ")}.`
  })
}

const install = async (source: ProgramSource): Promise<string | ProgramMissing> => {
  const found = findProgram(source.name, source.variable)
  if (found !== undefined) return found
  const reasons: Array<string> = []
  if (source.goModule !== undefined && goCanBuild(source.goModule.goAtLeast)) {
    process.stderr.write(`Building ${source.name} with Go, once; it is kept in ${cacheFolder()}.\n`)
    const failure = await goInstall(source.goModule.module, cachedProgram(source.name))
    if (failure === undefined) return cachedProgram(source.name)
    reasons.push(`Go could not build it: ${failure.split("\n").at(-1) ?? ""}`)
  }
  if (source.debianPackage !== undefined) {
    process.stderr.write(`Installing Debian's package ${source.debianPackage}.\n`)
    const failure = await debianInstall(source.debianPackage)
    const installed = onPath(source.name)
    if (failure === undefined && installed !== undefined) return installed
    reasons.push(failure ?? `the package ${source.debianPackage} holds no ${source.name}`)
  }
  return missing(source, reasons)
}

/**
 * The path of a program, found or else installed. Those who ask at the same time wait for the first to install it.
 * Fails with `ProgramMissing`, whose message is one line that says what to do.
 */
export const obtainProgram = Effect.fnUntraced(function*(
  source: ProgramSource
): Effect.fn.Return<string, ProgramMissing> {
  const found = findProgram(source.name, source.variable)
  if (found !== undefined) return found
  const lock = join(cacheFolder(), `${source.name}.lock`)
  const outcome = yield* Effect.promise(() => withFileLock(lock, () => install(source)))
  return typeof outcome === "string" ? outcome : yield* outcome
})
