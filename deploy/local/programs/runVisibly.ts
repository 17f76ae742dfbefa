import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { behindGate, gateShell, openGate } from "../gate.ts"
import { orderKeeper, startKeeper } from "../keeper.ts"

/** What a finished command left: its exit code, and the end of what it printed. */
export interface Finished {
  readonly code: number
  readonly tail: string
}

const tail_chars_max = 4_000

const keepUntilClosed = async (child: ChildProcess, pid: number): Promise<void> => {
  const closed = once(child, "close")
  await orderKeeper({ kind: "keep", group: { pid, stopSignal: "SIGTERM", grace_ms: 2_000 } })
  await openGate(child)
  await closed
  await orderKeeper({ kind: "drop", pid })
}

/** What rewrites its own line to show progress is shown as it stands in the end. */
const asItEnds = (line: string): string => line.split("\r").findLast((text) => text !== "") ?? ""

/**
 * Runs a command to its end, passing what it prints on to stderr line by line behind `label`, so that a long build shows
 * its progress. It ends with this process, except where `outlives` says that breaking it off would do damage.
 * A command that cannot be started ends with code 127.
 */
export const runVisibly = async (
  label: string,
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly env?: NodeJS.ProcessEnv; readonly outlives?: boolean } = {}
): Promise<Finished> => {
  await startKeeper()
  const child = spawn(gateShell, behindGate(label, command, args), {
    env: options.env ?? process.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"]
  })
  const begun = child.pid === undefined ? Promise.resolve() : options.outlives === true ? openGate(child) : keepUntilClosed(child, child.pid)
  let tail = ""
  let unfinished = ""
  const show = (chunk: string): void => {
    tail = (tail + chunk).slice(-tail_chars_max)
    const lines = (unfinished + chunk).split("\n")
    unfinished = lines.pop() ?? ""
    for (const line of lines) process.stderr.write(`  ${label} │ ${asItEnds(line)}\n`)
  }
  for (const output of [child.stdout, child.stderr]) output?.setEncoding("utf8").on("data", show)
  const finished = await new Promise<Finished>((resolve) => {
    child.once("error", (error) => resolve({ code: 127, tail: error.message }))
    child.once("close", (code) => resolve({ code: code ?? 1, tail: tail.trim() }))
  })
  await begun
  return finished
}
