import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { BringUpRefused } from "./errors.ts"
import { startKeeper } from "./keeper.ts"
import { onPath } from "./programs/findProgram.ts"

/** Longer than the keeper of a killed run takes to end what that run left. */
const previousEnds_ms = 15_000

const ownerOf = (file: string): number | undefined => {
  try {
    const pid = Number(readFileSync(file, "utf8"))
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}

/**
 * Makes the data folder ours until the last process of this run has ended, creating it when it is not there. The lock
 * is the kernel's and is held by the keeper: it cannot go stale, and what a killed run left is waited for.
 *
 * Fails with `BringUpRefused` when another run has the folder, or it cannot be written.
 */
export const lockDataFolder = Effect.fnUntraced(function*(folder: string): Effect.fn.Return<void, BringUpRefused> {
  if (onPath("flock") === undefined) {
    return yield* new BringUpRefused({ message: "flock is needed and is not on PATH: install it (Debian's package util-linux)." })
  }
  const owner = join(folder, "owner.pid")
  yield* Effect.try({
    try: () => mkdirSync(folder, { recursive: true, mode: 0o700 }),
    catch: (cause) =>
      new BringUpRefused({ message: `The data folder ${folder} cannot be made (${String(cause)}): set MILLRACE_DATA to another.` })
  })
  const deadline = performance.now() + previousEnds_ms
  while (true) {
    const locked = yield* Effect.promise(() => startKeeper(join(folder, "lock")).then(() => true, () => false))
    if (locked) break
    const pid = ownerOf(owner)
    if (pid !== undefined || performance.now() > deadline) {
      const who = pid === undefined ? "" : ` (process ${pid})`
      return yield* new BringUpRefused({
        message: `Another Millrace${who} uses the data folder ${folder}: stop it, or set MILLRACE_DATA to another folder.`
      })
    }
    yield* Effect.sleep("100 millis")
  }
  writeFileSync(owner, String(process.pid))
})
