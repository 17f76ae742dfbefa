/** NATS, PostgreSQL and MinIO of one world, and where worlds get those that they share. */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { ServiceUrls } from '../../deploy/local/services/localServices.ts'
import { type NatsCluster, startNatsCluster } from '../../deploy/local/testing/natsCluster.ts'
import { type Restartable, startMinio, startNats, startPostgres } from '../../deploy/local/testing/privateServices.ts'
import type { PlatformNeeds } from './arrangement.ts'

/** Stores that several worlds share, each with a database and a bucket of its own. */
export interface SharedStores {
  /** An empty database. */
  readonly databaseUrl: () => Promise<string>
  /** A bucket that does not exist yet. */
  readonly objectStoreUrl: () => Promise<string>
}

/** Services of one world. */
export interface WorldServices {
  readonly urls: ServiceUrls
  readonly nats: Restartable
  /** Where the fault asked for one; `nats` is its first server then. */
  readonly cluster?: NatsCluster
  /** Where the fault asked for private stores. */
  readonly postgres?: Restartable
  readonly minio?: Restartable
  readonly close: () => Promise<void>
}

/** Starts what worlds share, for a run that is not vitest's. */
export const startSharedStores = async (): Promise<SharedStores & { readonly close: () => Promise<void> }> => {
  const [postgres, minio] = await Promise.all([startPostgres(), startMinio()])
  const databaseUrl = async (): Promise<string> => {
    const name = `chaos_${randomUUID().replaceAll('-', '')}`
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(`create database ${name}`)
    await client.end()
    const url = new URL(postgres.url)
    url.pathname = `/${name}`
    return url.href
  }
  const objectStoreUrl = async (): Promise<string> => {
    const url = new URL(minio.url)
    url.pathname = `/chaos-${randomUUID()}`
    return url.href
  }
  return {
    databaseUrl,
    objectStoreUrl,
    close: async () => {
      await Promise.all([postgres.stop(), minio.stop()])
    },
  }
}

/** Starts the services of one world. */
export const startWorldServices = async (shared: SharedStores, { privateStores, cluster }: PlatformNeeds): Promise<WorldServices> => {
  const messaging = cluster === true ? await startCluster() : await startServer()
  const { NATS_URL, stop, ...nats } = messaging
  if (privateStores !== true) {
    const [DATABASE_URL, OBJECT_STORE_URL] = await Promise.all([shared.databaseUrl(), shared.objectStoreUrl()])
    return { urls: { NATS_URL, DATABASE_URL, OBJECT_STORE_URL }, ...nats, close: stop }
  }
  const [postgres, minio] = await Promise.all([startPostgres(), startMinio()])
  return {
    urls: { NATS_URL, DATABASE_URL: postgres.url, OBJECT_STORE_URL: minio.url },
    ...nats,
    postgres,
    minio,
    close: async () => {
      await Promise.all([stop(), postgres.stop(), minio.stop()])
    },
  }
}

interface Messaging {
  readonly NATS_URL: string
  readonly nats: Restartable
  readonly cluster?: NatsCluster
  readonly stop: () => Promise<void>
}

const startServer = async (): Promise<Messaging> => {
  const nats = await startNats()
  return { NATS_URL: nats.url, nats, stop: nats.stop }
}

const startCluster = async (): Promise<Messaging> => {
  const cluster = await startNatsCluster()
  const [first] = cluster.servers
  if (first === undefined) throw new Error('the cluster has no server')
  return { NATS_URL: cluster.url, nats: first.server, cluster, stop: cluster.stop }
}
