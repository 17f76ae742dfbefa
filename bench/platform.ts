/** Starts Millrace for a benchmark, on the services that the environment names: processes as deployed, and nodes that can be killed. */
import { join } from 'node:path'
import { untilAnswering } from '../deploy/local/answering.ts'
import { type KeptProcess, startKeptProcess } from '../deploy/local/KeptProcess.ts'
import { freePort } from '../deploy/local/ports.ts'
import { type PlatformNode, startNode } from '../e2e/kit/platformNode.ts'
import { Effect } from 'effect'

const service = (name: 'NATS_URL' | 'DATABASE_URL' | 'OBJECT_STORE_URL'): string => process.env[name] ?? ''

/** The services of this benchmark. */
export const services = { NATS_URL: service('NATS_URL'), DATABASE_URL: service('DATABASE_URL'), OBJECT_STORE_URL: service('OBJECT_STORE_URL') }

const logOf = (name: string): string => join(process.env['MILLRACE_DATA'] ?? import.meta.dirname, `bench-${name}.log`)

/** Starts a node with these roles that a benchmark may signal. */
export const startBenchNode = (name: string, roles: string): Promise<PlatformNode> => startNode({ name, roles, environment: services, file: logOf(name) })

const main = join(import.meta.dirname, '..', 'deploy', 'server', 'main.ts')
const readyWithin_ms = 60_000
const drain_ms = 25_000

/** One running process of the platform. */
export interface PlatformProcess {
  /** Its roles, as in `MILLRACE_ROLES`. */
  readonly roles: string
  readonly url: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

const untilReady = (process: KeptProcess, url: string): Promise<void> =>
  Effect.runPromise(untilAnswering(process, async () => (await fetch(`${url}/ready`)).status === 200, readyWithin_ms))

/** Starts a process with these roles; one that is an edge is waited for until it is ready. */
export const startPlatform = async (roles = 'edge,actors,archive', environment: NodeJS.ProcessEnv = {}): Promise<PlatformProcess> => {
  const [port, grpcPort] = await Promise.all([freePort(), freePort()])
  const running = await startKeptProcess({
    name: `Millrace (${roles})`,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', main],
    env: { ...process.env, ...environment, HOST: '127.0.0.1', PORT: String(port), GRPC_PORT: String(grpcPort), MILLRACE_ROLES: roles },
    grace_ms: drain_ms,
    output: { file: logOf(roles.replaceAll(',', '-')) },
  })
  const url = `http://127.0.0.1:${port}`
  if (roles.split(',').includes('edge')) await untilReady(running, url)
  return { roles, url, pid: running.pid, stop: running.stop }
}
