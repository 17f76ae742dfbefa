/** One process of the platform as a child: started on given services, killed, frozen and ended by its pid. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Effect } from 'effect'
import { untilAnswering } from '../../deploy/local/answering.ts'
import { type KeptProcess, startKeptProcess } from '../../deploy/local/KeptProcess.ts'
import { freePort } from '../../deploy/local/ports.ts'
import { runningChildren } from './processes.ts'

const main = join(import.meta.dirname, '..', '..', 'deploy', 'server', 'main.ts')
const readyWithin_ms = 60_000
const drain_ms = 15_000
const log_bytes = 1024 ** 3

/** One process of the platform. */
export interface PlatformNode {
  readonly name: string
  readonly roles: string
  /** Its HTTP address; answers only where the node is an edge. */
  readonly url: string
  readonly pid: number
  readonly hasExited: () => boolean
  /** FFmpeg children that run now, by pid. */
  readonly ffmpegs: () => ReadonlyArray<number>
  /** Everything that processes of this name have written so far. */
  readonly log: () => string
  /** For instance SIGKILL, SIGSTOP, SIGCONT: to the process alone, not to its children. */
  readonly signal: (signal: NodeJS.Signals) => void
  readonly exited: KeptProcess['exited']
  /** Ends it in an orderly way. */
  readonly stop: () => Promise<void>
}

/** What a node is to do. */
export interface NodeStart {
  readonly name: string
  /** As in `MILLRACE_ROLES`. */
  readonly roles: string
  /** Services and settings, over the defaults of tests. */
  readonly environment: Readonly<Record<string, string>>
  /** File that its output is appended to. */
  readonly file: string
  /** Default: a free one. */
  readonly port?: number
  /** Node's own options, for instance `--import`. */
  readonly nodeOptions?: ReadonlyArray<string>
}

/** Starts a node; resolves when an edge is ready, or when another node says that it runs. */
export const startNode = async ({ name, roles, environment, file, port, nodeOptions = [] }: NodeStart): Promise<PlatformNode> => {
  const own = port ?? (await freePort())
  const log = (): string => readFileSync(file, 'utf8')
  const before = existsSync(file) ? log().length : 0
  const running = await startKeptProcess({
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', ...nodeOptions, main],
    env: {
      ...process.env,
      MILLRACE_LOG_BYTES: String(log_bytes),
      MILLRACE_DRAIN_MS: String(drain_ms - 5_000),
      ...environment,
      HOST: '127.0.0.1',
      PORT: String(own),
      MILLRACE_ROLES: roles,
      MILLRACE_NODE: name,
    },
    grace_ms: drain_ms,
    output: { file },
  })
  const url = `http://127.0.0.1:${own}`
  const isUp = async (): Promise<boolean> => (roles.includes('edge') ? (await fetch(`${url}/ready`)).ok : log().slice(before).includes('node runs'))
  await Effect.runPromise(untilAnswering(running, isUp, readyWithin_ms))
  return {
    name,
    roles,
    url,
    pid: running.pid,
    hasExited: running.hasExited,
    ffmpegs: () => (running.hasExited() ? [] : runningChildren(running.pid, 'ffmpeg')),
    log,
    signal: (signal) => process.kill(running.pid, signal),
    exited: running.exited,
    stop: () => {
      if (!running.hasExited()) process.kill(running.pid, 'SIGCONT')
      return running.stop()
    },
  }
}
