import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { Effect, type Scope } from "effect"
import { ProcessNotStarted } from "./errors.ts"
import { behindGate, gateShell, openGate } from "./gate.ts"
import { orderKeeper } from "./keeper.ts"

/** How a process is started and stopped. */
export interface KeptProcessOptions {
  /** What people call it, in messages. */
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Asks for an orderly end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** How long the orderly end may take before SIGKILL; default 5,000. */
  readonly grace_ms?: number
  /** A file to append both outputs to, or the terminal of the starter. */
  readonly output: { readonly file: string } | "inherit"
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * A child in its own process group, which ends with its starter however that ends: by `stop`, or by the keeper when the
 * starter crashed or was killed.
 */
export interface KeptProcess {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly hasExited: () => boolean
  /** Signals the whole group. */
  readonly signal: (signal: NodeJS.Signals) => void
  /** Asks for an orderly end, insists after the grace time, resolves when it is gone. */
  readonly stop: () => Promise<void>
  /** The end of its output file, for messages; empty when it writes to the terminal. */
  readonly lastOutput: () => string
}

const log_bytes_max = 16 * 1024 ** 2

/** Opens a log to append to; one that has grown too big in earlier runs is set aside, and the one before it dropped. */
const openLog = (file: string): number => {
  mkdirSync(dirname(file), { recursive: true })
  if (existsSync(file) && statSync(file).size > log_bytes_max) renameSync(file, `${file}.previous`)
  return openSync(file, "a")
}

const spawnGated = (options: KeptProcessOptions): ChildProcess => {
  const log = options.output === "inherit" ? "inherit" : openLog(options.output.file)
  try {
    return spawn(gateShell, behindGate(options.name, options.command, options.args), {
      cwd: options.cwd ?? process.cwd(),
      env: options.env ?? process.env,
      detached: true,
      stdio: ["ignore", log, log, "pipe"]
    })
  } finally {
    if (typeof log === "number") closeSync(log)
  }
}

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

const tailOf = (file: string): string => {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n")
  return lines.slice(-8).join("\n")
}

/** Starts a child and puts it under the keeper. Rejects with `ProcessNotStarted`. */
export const startKeptProcess = async (options: KeptProcessOptions): Promise<KeptProcess> => {
  const grace_ms = options.grace_ms ?? 5_000
  const stopSignal = options.stopSignal ?? "SIGTERM"
  const child = spawnGated(options)
  let exit: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    child.once("error", () => resolve((exit = { code: 127, signal: null })))
    child.once("exit", (code, signal) => resolve((exit = { code, signal })))
  })
  const pid = child.pid
  if (pid === undefined) {
    await exited
    throw new ProcessNotStarted({ name: options.name, message: `${options.name} could not be started` })
  }
  await orderKeeper({ kind: "keep", group: { pid, stopSignal, grace_ms } })
  await openGate(child)
  void exited.then(() => {
    signalGroup(pid, "SIGKILL")
    return orderKeeper({ kind: "drop", pid })
  })
  return {
    name: options.name,
    pid,
    exited,
    hasExited: () => exit !== undefined,
    signal: (signal) => {
      if (exit === undefined) signalGroup(pid, signal)
    },
    stop: async () => {
      if (exit !== undefined) return
      signalGroup(pid, stopSignal)
      const insist = setTimeout(() => signalGroup(pid, "SIGKILL"), grace_ms)
      await exited
      clearTimeout(insist)
    },
    lastOutput: () => (options.output === "inherit" ? "" : tailOf(options.output.file))
  }
}

/** A kept process as a scoped resource: closing the scope stops it. */
export const keptProcess = (
  options: KeptProcessOptions
): Effect.Effect<KeptProcess, ProcessNotStarted, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => startKeptProcess(options),
      catch: (cause) => new ProcessNotStarted({ name: options.name, message: `${options.name} could not be started: ${String(cause)}` })
    }),
    (running) => Effect.promise(() => running.stop())
  )
