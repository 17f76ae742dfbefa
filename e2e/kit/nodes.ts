/** Processes of the platform for a test file: started on the run's own services, killed, frozen and ended by their pid. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Effect } from 'effect'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { untilAnswering } from '../../deploy/local/answering.ts'
import { type KeptProcess, startKeptProcess } from '../../deploy/local/KeptProcess.ts'
import { freePort } from '../../deploy/local/ports.ts'
import { databaseUrl, freshNatsUrl, minioAvailable, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { runningChildren } from './processes.ts'

const main = join(import.meta.dirname, '..', '..', 'deploy', 'server', 'main.ts')
const readyWithin_ms = 60_000
const drain_ms = 15_000
const log_bytes = 1024 ** 3

/** One process of the platform. */
export interface PlatformNode {
  readonly name: string
  /** Its HTTP address; answers only where the node is an edge. */
  readonly url: string
  readonly pid: number
  /** FFmpeg children that run now, by pid. */
  readonly ffmpegs: () => ReadonlyArray<number>
  /** Everything that it has written so far. */
  readonly log: () => string
  /** For instance SIGKILL, SIGSTOP, SIGCONT: to the process alone, not to its children. */
  readonly signal: (signal: NodeJS.Signals) => void
  readonly exited: KeptProcess['exited']
  /** Ends it in an orderly way. */
  readonly stop: () => Promise<void>
}

/** What a node is to do. */
export interface NodeOptions {
  /** As in `MILLRACE_ROLES`; default all. */
  readonly roles?: string
  readonly name?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A platform: nodes on the same services. */
export interface Platform {
  /** Starts a node; resolves when an edge is ready, or when another node says that it runs. */
  readonly start: (options?: NodeOptions) => Promise<PlatformNode>
  /** Where its recordings lie; known once the tests run. */
  readonly objectStoreUrl: () => string
}

/** What may differ from the run's shared services. */
export interface PlatformOptions {
  /** Default: an account of the shared server. */
  readonly natsUrl?: () => Promise<string>
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * A platform for this file: real NATS, PostgreSQL and MinIO (where MinIO cannot be had and this is not CI, the directory
 * store), nodes ended after the last test. When a test failed, the nodes' logs are kept and their folder is named.
 */
export const usePlatform = (options: PlatformOptions = {}): Platform => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-nodes-'))
  const started: Array<PlatformNode> = []
  let services: Readonly<Record<string, string>> = {}
  let failed = false
  beforeAll(async () => {
    services = {
      NATS_URL: await (options.natsUrl?.() ?? freshNatsUrl()),
      DATABASE_URL: await databaseUrl(),
      OBJECT_STORE_URL: await objectStoreUrl(minioAvailable() ? 'minio' : 'directory'),
    }
  })
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail'
  })
  afterAll(async () => {
    await Promise.all(started.map((node) => node.stop()))
    if (failed) process.stderr.write(`Logs of the nodes: ${folder}\n`)
    else rmSync(folder, { recursive: true })
  })
  return {
    objectStoreUrl: () => services['OBJECT_STORE_URL'] ?? '',
    start: async (node = {}) => {
      const name = node.name ?? `node-${started.length}`
      const environment = { MILLRACE_LOG_BYTES: String(log_bytes), ...options.environment, ...node.environment, ...services }
      const running = await startNode({ name, roles: node.roles ?? 'edge,actors,archive', environment, file: join(folder, `${name}.log`) })
      started.push(running)
      return running
    },
  }
}

interface Start {
  readonly name: string
  readonly roles: string
  readonly environment: Readonly<Record<string, string>>
  readonly file: string
}

const startNode = async ({ name, roles, environment, file }: Start): Promise<PlatformNode> => {
  const port = await freePort()
  const running = await startKeptProcess({
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', main],
    env: {
      ...process.env,
      MILLRACE_DRAIN_MS: String(drain_ms - 5_000),
      ...environment,
      HOST: '127.0.0.1',
      PORT: String(port),
      MILLRACE_ROLES: roles,
      MILLRACE_NODE: name,
    },
    grace_ms: drain_ms,
    output: { file },
  })
  const log = (): string => readFileSync(file, 'utf8')
  const url = `http://127.0.0.1:${port}`
  const isUp = async (): Promise<boolean> => (roles.includes('edge') ? (await fetch(`${url}/ready`)).ok : log().includes('node runs'))
  await Effect.runPromise(untilAnswering(running, isUp, readyWithin_ms))
  return {
    name,
    url,
    pid: running.pid,
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
