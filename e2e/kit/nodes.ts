/** Processes of the platform for a test file, on the run's own services, ended with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { databaseUrl, freshNatsUrl, minioAvailable, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { type PlatformNode, startNode } from './platformNode.ts'

export type { PlatformNode } from './platformNode.ts'

const troubleLines = 20
const troubleLength = 300

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

/** The end of what a node has complained of; a run elsewhere leaves nothing but its output. */
const troubles = ({ name, log }: PlatformNode): string => {
  const lines = log().split('\n').filter((line) => !line.includes('"level":"INFO"'))
  return lines.slice(-troubleLines).map((line) => `${name}: ${line.slice(0, troubleLength)}\n`).join('')
}

/**
 * A platform for this file: real NATS, PostgreSQL and MinIO (where MinIO cannot be had and this is not CI, the directory
 * store), nodes ended after the last test. When a test failed, the nodes' logs are kept, their folder is named, and the end of
 * what they complained of is printed.
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
    if (failed) process.stderr.write(`Logs of the nodes: ${folder}\n${started.map(troubles).join('')}`)
    else rmSync(folder, { recursive: true })
  })
  return {
    objectStoreUrl: () => services['OBJECT_STORE_URL'] ?? '',
    start: async (node = {}) => {
      const name = node.name ?? `node-${started.length}`
      const environment = { ...options.environment, ...node.environment, ...services }
      const running = await startNode({ name, roles: node.roles ?? 'edge,actors,archive', environment, file: join(folder, `${name}.log`) })
      started.push(running)
      return running
    },
  }
}
