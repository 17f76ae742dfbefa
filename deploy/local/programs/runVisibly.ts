import { spawn } from "node:child_process"

/** What a finished command left: its exit code, and the end of what it printed. */
export interface Finished {
  readonly code: number
  readonly tail: string
}

const tail_chars_max = 4_000

/**
 * Runs a command to its end, passing what it prints on to stderr line by line behind `label`, so that a long build shows
 * its progress. A command that cannot be started ends with code 127.
 */
export const runVisibly = (
  label: string,
  command: string,
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv = process.env
): Promise<Finished> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] })
    let tail = ""
    let unfinished = ""
    const show = (chunk: string): void => {
      tail = (tail + chunk).slice(-tail_chars_max)
      const lines = (unfinished + chunk).split("\n")
      unfinished = lines.pop() ?? ""
      for (const line of lines) process.stderr.write(`  ${label} │ ${line}\n`)
    }
    for (const output of [child.stdout, child.stderr]) output.setEncoding("utf8").on("data", show)
    child.once("error", (error) => resolve({ code: 127, tail: error.message }))
    child.once("close", (code) => resolve({ code: code ?? 1, tail: tail.trim() }))
  })
