import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { projectFolder } from "../folders.ts"
import { keptTemporaryFolder } from "../keeper.ts"
import { runVisibly } from "../programs/runVisibly.ts"
import { type CheckResult, commandCheck, judged } from "./check.ts"

const filesUnder = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort()
    : []

const differences = (fresh: string, kept: string): ReadonlyArray<string> => {
  const names = [...new Set([...filesUnder(fresh), ...filesUnder(kept)])]
  const text = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined)
  return names.filter((name) => text(join(fresh, name)) !== text(join(kept, name)))
}

const generatedCodeIsCurrent = async (): Promise<CheckResult> => {
  const name = "proto/gen is what buf generates"
  const folder = await keptTemporaryFolder("buf")
  try {
    const generated = await runVisibly("buf", "buf", ["generate", "--output", folder.path])
    if (generated.code !== 0) return judged(name, generated)
    const stale = differences(join(folder.path, "proto", "gen"), join(projectFolder, "proto", "gen"))
    if (stale.length === 0) return { name, outcome: "passed" }
    return { name, outcome: "failed", reason: `run "npm run proto" and commit: ${stale.join(", ")} differ` }
  } finally {
    await folder.remove()
  }
}

const git = (...args: ReadonlyArray<string>): string | undefined => {
  const done = spawnSync("git", args, { cwd: projectFolder, encoding: "utf8" })
  return done.status === 0 ? done.stdout.trim() : undefined
}

/** The newest main that this clone knows and that holds protos. */
const mainWithProtos = (): string | undefined =>
  ["origin/main", "main"].find((ref) => git("ls-tree", "-r", "--name-only", ref, "proto")?.includes(".proto") === true)

const notBreaking = async (): Promise<CheckResult> => {
  const name = "protos break nothing that main has"
  const ref = mainWithProtos()
  if (ref === undefined) {
    return { name, outcome: "skipped", reason: "this clone knows no main with protos to compare with" }
  }
  const folder = await keptTemporaryFolder("main-protos")
  try {
    const archive = execFileSync("git", ["archive", ref, "proto", "buf.yaml"], {
      cwd: projectFolder,
      maxBuffer: 64 * 1024 ** 2
    })
    mkdirSync(folder.path, { recursive: true })
    execFileSync("tar", ["-x", "-C", folder.path], { input: archive })
    return judged(name, await runVisibly("buf", "buf", ["breaking", "--against", folder.path]))
  } finally {
    await folder.remove()
  }
}

/** The checks on proto/: lint, generated code, compatibility with main. None where there are no protos. */
export const protoChecks: Effect.Effect<ReadonlyArray<CheckResult>> = Effect.gen(function*() {
  const protos = filesUnder(join(projectFolder, "proto")).filter((name) => name.endsWith(".proto"))
  if (protos.length === 0) return []
  return [
    yield* commandCheck("protos keep buf's rules", "buf", ["lint"]),
    yield* Effect.promise(generatedCodeIsCurrent),
    yield* Effect.promise(notBreaking)
  ]
})
