/** Faults of PostgreSQL and the object store: live goes on, and the archive catches up. */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { until } from '../../../actors/archive/testing/until.ts'
import type { Restartable } from '../../../deploy/local/testing/privateServices.ts'
import { runningChildren } from '../../kit/processes.ts'
import { type Proxy, proxyTo, type Verdict } from '../../kit/proxy.ts'
import { type HttpFate, type SpoiltHttp, startSpoiltHttp } from '../../kit/spoiltHttp.ts'
import { countingFaults } from '../archiveCount.ts'
import type { Arrangement } from '../arrangement.ts'
import type { ChaosWorld } from '../ChaosWorld.ts'
import { arrangedFault, type Fault, type FaultData } from '../Fault.ts'
import { expectConnected, expectUnmoved, ownership, untilAcknowledged } from '../outage.ts'
import type { WorldServices } from '../worldServices.ts'

const group = 'stores'
const away_ms = 5_000
/** Publishers notice nothing: an ack is as quick as ever. */
const acknowledgedWithin_ms = 3_000

type StoreFault = Pick<FaultData, 'name' | 'platform' | 'inTests'>

const storeFault = <A extends Arrangement>(
  data: StoreFault,
  arrange: (services: WorldServices) => Promise<A>,
  strike: (world: ChaosWorld, arranged: A) => Promise<void>,
): Fault =>
  arrangedFault({
    ...data,
    group,
    afterwards: ({ services, streams }) => countingFaults(services.urls, streams.map(({ id }) => id)),
    arrange,
    strike: async (world, arranged) => {
      const before = await ownership(world)
      await strike(world, arranged)
      expectConnected(world)
      await expectUnmoved(world, before)
    },
  })

/** `/ready` of the first edge, by dependency. */
const untilReady = (world: ChaosWorld, dependency: string, ready: boolean): Promise<true> =>
  until(`the edge says that its ${dependency} is ${ready ? 'there' : 'away'}`, async () => {
    const { dependencies } = (await (await fetch(`${world.node('edge-0').url}/ready`)).json()) as { readonly dependencies: ReadonlyArray<{ readonly name: string; readonly ready: boolean }> }
    return dependencies.find(({ name }) => name === dependency)?.ready === ready ? true : undefined
  }, 20_000)

type Dependency = 'database' | 'object store'

const serverOf = ({ services }: ChaosWorld, dependency: Dependency): Restartable => {
  const server = dependency === 'database' ? services.postgres : services.minio
  if (server === undefined) throw new Error(`this world has no ${dependency} of its own`)
  return server
}

const throughOutage = async (world: ChaosWorld, dependency: Dependency, strike: () => Promise<void>, heal: () => Promise<void>): Promise<void> => {
  await strike()
  await untilReady(world, dependency, false)
  await delay(away_ms)
  await untilAcknowledged(world, acknowledgedWithin_ms)
  await heal()
  await untilReady(world, dependency, true)
}

const nothing = async (): Promise<Arrangement> => ({})
const ownStores = { privateStores: true } as const

const killed = (dependency: Dependency): Fault =>
  storeFault({ name: `${dependency} killed, back after 5 s`, platform: ownStores }, nothing, (world) => {
    const server = serverOf(world, dependency)
    return throughOutage(world, dependency, () => server.kill(), () => server.restart())
  })

/** All processes of a server: PostgreSQL has one for each connection, in process groups of their own. */
const signalAll = ({ pid }: Restartable, signal: NodeJS.Signals): void => {
  for (const one of [pid, ...runningChildren(pid)]) process.kill(one, signal)
}

const frozen = (dependency: Dependency): Fault =>
  storeFault({ name: `${dependency} frozen for 5 s`, platform: ownStores }, nothing, (world) => {
    const server = serverOf(world, dependency)
    const thaw = async (): Promise<void> => signalAll(server, 'SIGCONT')
    return throughOutage(world, dependency, async () => signalAll(server, 'SIGSTOP'), thaw).finally(thaw)
  })

interface Proxied extends Arrangement {
  readonly proxy: Proxy
}

const proxied = (dependency: Dependency, watch?: (bytes: Buffer) => Verdict) => async ({ urls }: WorldServices): Promise<Proxied> => {
  const variable = dependency === 'database' ? 'DATABASE_URL' : 'OBJECT_STORE_URL'
  const proxy = await proxyTo(urls[variable], watch)
  return { proxy, close: proxy.close, urls: () => ({ [variable]: proxy.through(urls[variable]) }) }
}

const blackHole = (dependency: Dependency): Fault =>
  storeFault({ name: `${dependency} in a black hole for 5 s` }, proxied(dependency), (world, { proxy }) =>
    throughOutage(world, dependency, async () => proxy.blackHole(), async () => proxy.heal()))

const slow = (dependency: Dependency): Fault =>
  storeFault({ name: `${dependency} 500 ms away` }, proxied(dependency), async (world, { proxy }) => {
    proxy.travel({ delay_ms: 500 })
    await delay(away_ms)
    await untilAcknowledged(world, acknowledgedWithin_ms)
    proxy.heal()
  })

interface SpoiltStore extends Arrangement {
  readonly store: SpoiltHttp
}

const spoiltStore = async ({ urls }: WorldServices): Promise<SpoiltStore> => {
  const store = await startSpoiltHttp(urls.OBJECT_STORE_URL)
  return { store, close: store.close, urls: () => ({ OBJECT_STORE_URL: store.through(urls.OBJECT_STORE_URL) }) }
}

const spoilt = (name: string, fate: (method: string, index: number) => HttpFate, isInTests = false): Fault =>
  storeFault({ name, inTests: isInTests }, spoiltStore, async (world, { store }) => {
    store.spoil(fate)
    await delay(away_ms)
    await untilAcknowledged(world, acknowledgedWithin_ms)
    if (store.spoilt() === 0) throw new Error('nothing was asked of the object store')
    store.heal()
  })

const errors: ReadonlyArray<HttpFate> = [
  { _tag: 'Refuse', status: 503, code: 'SlowDown' },
  { _tag: 'Refuse', status: 500, code: 'InternalError' },
  { _tag: 'Refuse', status: 503, code: 'ServiceUnavailable' },
]
const anError = (index: number): HttpFate => errors[index % errors.length] ?? { _tag: 'Pass' }

/** Runs statements on the world's database. */
const onDatabase = async (world: ChaosWorld, ...statements: ReadonlyArray<string>): Promise<void> => {
  const client = new pg.Client({ connectionString: world.services.urls.DATABASE_URL })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

const terminated = storeFault({ name: 'database ends every connection, again and again for 5 s (57P01)' }, nothing, async (world) => {
  const end_ms = performance.now() + away_ms
  while (performance.now() < end_ms) {
    await onDatabase(world, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace' and datname = current_database()")
    await delay(150)
  }
  await untilAcknowledged(world, acknowledgedWithin_ms)
})

/** A sequence counts also what is rolled back, so each third row is written at its first attempt, the others fail once or twice. */
const conflicts = storeFault({ name: 'database refuses two writes of three (40001, 40P01)' }, nothing, async (world) => {
  const raise = `
    create sequence made_up;
    create function refuse() returns trigger language plpgsql as $$
    declare n bigint := nextval('made_up') % 3;
    begin
      if n = 1 then raise exception 'made up' using errcode = '40001'; end if;
      if n = 2 then raise exception 'made up' using errcode = '40P01'; end if;
      return new;
    end $$;
    create trigger refuse before insert on segments for each row execute function refuse()`
  await onDatabase(world, raise)
  await delay(away_ms)
  await untilAcknowledged(world, acknowledgedWithin_ms)
  const client = new pg.Client({ connectionString: world.services.urls.DATABASE_URL })
  await client.connect()
  const { rows } = await client.query<{ readonly last_value: string }>('select last_value from made_up')
  await client.end()
  if (Number(rows[0]?.last_value) < 3) throw new Error('nothing was written to the database')
})

let commits = 0

const commitUnknown = storeFault(
  { name: 'database connections cut at COMMIT, before and after it is done' },
  proxied('database', (bytes) => {
    if (!bytes.includes('COMMIT')) return 'pass'
    commits++
    return (['loseReply', 'cutBefore', 'pass'] as const)[commits % 3] ?? 'pass'
  }),
  async (world) => {
    commits = 0
    await delay(away_ms)
    await untilAcknowledged(world, acknowledgedWithin_ms)
    if (commits < 2) throw new Error('nothing was committed')
  },
)

/** The faults, quickest first. */
export const storeFaults: ReadonlyArray<Fault> = [
  spoilt('object store answers 500, 503 and SlowDown for 5 s', (_method, index) => anError(index)),
  spoilt('object store does what it is asked and its answers are lost for 5 s', (method) => (method === 'PUT' ? { _tag: 'LoseAnswer' } : { _tag: 'Pass' }), true),
  slow('object store'),
  blackHole('object store'),
  killed('object store'),
  frozen('object store'),
  conflicts,
  commitUnknown,
  terminated,
  slow('database'),
  blackHole('database'),
  frozen('database'),
  killed('database'),
]
