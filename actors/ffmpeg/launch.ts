import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'

/** A child with stdin and stderr; its outputs are its further descriptors, from `FIRST_OUTPUT` on. */
export type LaunchedProcess = ChildProcessByStdio<Writable, null, Readable>

/** Descriptor of the first output in the child. */
export const FIRST_OUTPUT = 3

/** How children are started. */
export interface LaunchSettings {
  /** FFmpeg's path. */
  readonly executable: string
  /** `setpriv` (util-linux), which has the kernel kill the child with this process; without it the end of stdin does. */
  readonly setpriv: string | undefined
  readonly addressSpace_bytes: number
}

/** First executable file of that name on `PATH`; a name with a folder in it stands for itself. */
export const findExecutable = (name: string): string | undefined =>
  name.includes('/')
    ? name
    : (process.env['PATH'] ?? '')
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, name))
        .find(isExecutable)

/**
 * Starts FFmpeg as leader of its own process group, with an address-space limit, and with none of this process's
 * environment (it holds secrets) beyond where programs and libraries are. A shell sets the limit and is replaced by
 * what it starts, so the pid is FFmpeg's own. It is born with one end of a Unix socket pair for each output: sockets
 * without a name can be left behind by nobody.
 */
export const launch = (settings: LaunchSettings, args: ReadonlyArray<string>, outputs: number): LaunchedProcess => {
  const limit_kb = Math.floor(settings.addressSpace_bytes / 1024)
  const dieWithParent = settings.setpriv === undefined ? [] : [settings.setpriv, '--pdeathsig', 'KILL', '--']
  const command = [...dieWithParent, settings.executable, ...args]
  return spawn('/bin/sh', ['-c', `ulimit -v ${limit_kb}; exec "$@"`, 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'pipe', ...Array.from({ length: outputs }, () => 'pipe' as const)],
    detached: true,
    cwd: '/',
    env: inheritedEnvironment(),
  }) as LaunchedProcess
}

/** Our ends of the outputs of a child that has been spawned. */
export const outputSockets = (process: LaunchedProcess): ReadonlyArray<Socket> =>
  (process.stdio as ReadonlyArray<unknown>).slice(FIRST_OUTPUT) as ReadonlyArray<Socket>

/** Kills the process group that `pid` leads, with everything in it. A group that is gone already is fine. */
export const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const inheritedEnvironment = (): NodeJS.ProcessEnv => {
  const names = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

/** Whether there is a file at `path` that this user may execute. */
export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
