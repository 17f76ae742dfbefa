import { Deferred, Effect, Fiber } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseUrl, startPostgres } from '../../deploy/local/testing/services.ts'
import { until } from '../archive/testing/until.ts'
import { Database, type Sql } from './Database.ts'
import { openDatabase } from './testing/openDatabase.ts'

describe('the database', () => {
  let runtime: ReturnType<typeof openDatabase>
  let database: Database['Service']
  let url = ''
  beforeAll(async () => {
    url = await databaseUrl()
    runtime = openDatabase(url)
    database = await runtime.runPromise(Database)
    await Effect.runPromise(database.query('CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL)'))
    await Effect.runPromise(database.query('INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0), (4, 0)'))
  })
  afterAll(() => runtime.dispose())

  const run = Effect.runPromise
  const valueOf = async (id: number): Promise<unknown> => (await run(database.query('SELECT value FROM counters WHERE id = $1', [id])))[0]?.['value']
  const add = (sql: Sql, id: number) => sql.query('UPDATE counters SET value = value + 1 WHERE id = $1', [id])

  it('has its schema before the first statement, also when several nodes start on an empty database at once', async () => {
    const empty = await databaseUrl()
    const nodes = Array.from({ length: 4 }, () => openDatabase(empty))
    const counts = await Promise.all(nodes.map((node) => node.runPromise(Database.use((one) => one.query('SELECT count(*) AS n FROM segments')))))
    expect(counts).toEqual([[{ n: 0 }], [{ n: 0 }], [{ n: 0 }], [{ n: 0 }]])
    const names = await Promise.all(nodes.slice(0, 1).map((node) => node.runPromise(Database.use((one) => one.query('SELECT name FROM millrace_migrations')))))
    expect(names).toEqual([[{ name: '0001_recordings' }, { name: '0002_losses' }]])
    await Promise.all(nodes.map((node) => node.dispose()))
  })

  it('gives 64-bit integers as numbers', async () => {
    expect(await run(database.query('SELECT 9007199254740991::bigint AS big'))).toEqual([{ big: Number.MAX_SAFE_INTEGER }])
  })

  it('runs a transaction again when another one has changed what it read', async () => {
    let runs = 0
    const increment = database.transaction(
      (sql) =>
        Effect.gen(function* () {
          runs += 1
          const rows = yield* sql.query('SELECT value FROM counters WHERE id = 1')
          if (runs === 1) yield* add(database, 1)
          yield* sql.query('UPDATE counters SET value = $1 WHERE id = 1', [Number(rows[0]?.['value']) + 1])
        }),
      { isolation: 'serializable' }
    )
    await run(increment)
    expect(runs).toBe(2)
    expect(await valueOf(1)).toBe(2)
  })

  it('runs one of two deadlocked transactions again', async () => {
    const runs: Array<string> = []
    const first = await run(Deferred.make<void>())
    const second = await run(Deferred.make<void>())
    const both = (name: string, ids: readonly [number, number], mine: Deferred.Deferred<void>, other: Deferred.Deferred<void>) =>
      database.transaction((sql) =>
        Effect.gen(function* () {
          runs.push(name)
          yield* add(sql, ids[0])
          yield* Deferred.succeed(mine, undefined)
          yield* Deferred.await(other)
          yield* add(sql, ids[1])
        })
      )
    await run(Effect.all([both('a', [2, 3], first, second), both('b', [3, 2], second, first)], { concurrency: 2 }))
    expect(runs).toHaveLength(3)
    expect([await valueOf(2), await valueOf(3)]).toEqual([2, 2])
  })

  it('runs a transaction again when its connection is killed before the commit', async () => {
    let runs = 0
    const killed = database.transaction((sql) =>
      Effect.gen(function* () {
        runs += 1
        yield* add(sql, 4)
        const [own] = yield* sql.query('SELECT pg_backend_pid() AS pid')
        if (runs === 1) yield* database.query('SELECT pg_terminate_backend($1)', [own?.['pid']])
      })
    )
    await run(killed)
    expect(runs).toBe(2)
    expect(await valueOf(4)).toBe(1)
  })

  it('rolls back when the work fails, and says why it failed', async () => {
    const before = await valueOf(1)
    const failing = database.transaction((sql) => Effect.andThen(add(sql, 1), Effect.fail('my reason')))
    expect(await run(Effect.flip(failing))).toBe('my reason')
    expect(await valueOf(1)).toBe(before)
  })

  it('rolls back when it is interrupted', async () => {
    const before = await valueOf(1)
    const added = await run(Deferred.make<void>())
    const hanging = database.transaction((sql) => Effect.andThen(add(sql, 1), Effect.andThen(Deferred.succeed(added, undefined), Effect.never)))
    await run(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(hanging)
        yield* Deferred.await(added)
        yield* Fiber.interrupt(fiber)
      })
    )
    await run(add(database, 1))
    expect(await valueOf(1)).toBe(Number(before) + 1)
  })

  it('names a statement that the database refuses, and tries it once', async () => {
    expect(await run(Effect.flip(database.query('INSERT INTO counters VALUES (1, 1)')))).toMatchObject({ _tag: 'StatementRefused', code: '23505' })
    expect(await run(Effect.flip(database.query('SELEKT 1')))).toMatchObject({ _tag: 'StatementRefused', code: '42601' })
  })

  it('goes on with fresh connections after all of them were killed', async () => {
    await run(Effect.all(Array.from({ length: 4 }, () => database.query('SELECT pg_sleep(0.05)')), { concurrency: 4, discard: true }))
    const other = openDatabase(url, 1)
    await other.runPromise(
      Database.use((one) => one.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace' AND pid <> pg_backend_pid()"))
    )
    await run(database.check)
    await other.dispose()
  })
})

describe('a database that is away', () => {
  it('fails as unavailable while it is down, and needs no restart of ours when it comes', async () => {
    const server = await startPostgres()
    await server.kill()
    const runtime = openDatabase(server.url)
    const database = await runtime.runPromise(Database)
    expect(await Effect.runPromise(Effect.flip(database.check))).toMatchObject({ _tag: 'DatabaseUnavailable', code: 'ECONNREFUSED' })
    await server.restart()
    await Effect.runPromise(database.check)
    await server.kill()
    // A backend outlives its killed postmaster until it notices.
    const refusal = () => Effect.runPromise(Effect.match(database.check, { onFailure: (error) => error, onSuccess: () => undefined }))
    expect(await until('the last backend is gone', refusal)).toMatchObject({ _tag: 'DatabaseUnavailable' })
    await server.restart()
    await Effect.runPromise(database.check)
    await runtime.dispose()
    await server.stop()
  })

  it('refuses an address that is none, without repeating it', async () => {
    const runtime = openDatabase('mysql://user:secret@host/db')
    const refused = await runtime.runPromise(Effect.flip(Database)).catch((error: unknown) => error)
    expect(String(refused)).not.toContain('secret')
    expect(refused).toMatchObject({ _tag: 'DatabaseUrlInvalid' })
  })
})
