import { Context, Effect, Exit, Layer, Redacted, Schedule, Semaphore } from 'effect'
import pg from 'pg'
import { classify } from './classify.ts'
import { DatabaseSettings } from './DatabaseSettings.ts'
import type { DatabaseSettingsShape } from './DatabaseSettings.ts'
import { DatabaseUnavailable, DatabaseUrlInvalid } from './errors.ts'
import type { DatabaseError } from './errors.ts'
import { IDLE_CONNECTION_MS, MIGRATION_RETRY_MS, TRANSACTION_ATTEMPTS_MAX, TRANSACTION_RETRY_MS } from './limits.ts'
import { migrate } from './migrate.ts'

/** Columns by name; 64-bit integers are numbers. To be decoded by a schema. */
export type Row = Readonly<Record<string, unknown>>

/** Runs one statement with `$1…` placeholders. */
export interface Sql {
  readonly query: (text: string, values?: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<Row>, DatabaseError>
}

export interface TransactionOptions {
  /** Default `read committed`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
}

/** PostgreSQL, with its schema up to date before the first statement. */
export class Database extends Context.Service<
  Database,
  Sql & {
    /**
     * Runs `work` in one transaction, all of it again after 40001, 40P01, 57P01 or a lost connection, also one lost in
     * the middle of the commit: two runs must have the effect of one. Any failure of `work` rolls back.
     */
    readonly transaction: <A, E>(work: (sql: Sql) => Effect.Effect<A, E>, options?: TransactionOptions) => Effect.Effect<A, E | DatabaseError>
    /** Succeeds when a statement can be run now. */
    readonly check: Effect.Effect<void, DatabaseError>
  }
>()('millrace/actors/database/Database') {
  /** The database that `DatabaseSettings.url` names. It need not answer yet: only using it fails then. */
  static readonly layer = Layer.effect(
    Database,
    Effect.gen(function* () {
      const settings = yield* DatabaseSettings
      if (!/^postgres(ql)?:\/\//.test(Redacted.value(settings.url)) || !URL.canParse(Redacted.value(settings.url)))
        return yield* new DatabaseUrlInvalid({ reason: 'wanted postgres://user:password@host:port/database' })
      const pool = yield* openPool(settings)
      const migrated = yield* migratedOnce(settings)
      yield* migrated.pipe(
        Effect.tapError((error) => Effect.logWarning(`the database is not ready: ${error.reason}`)),
        Effect.retry(Schedule.spaced(MIGRATION_RETRY_MS)),
        Effect.forkScoped
      )
      const withClient = <A, E>(work: (sql: Sql) => Effect.Effect<A, E>): Effect.Effect<A, E | DatabaseError> =>
        Effect.andThen(migrated, Effect.acquireUseRelease(connect(pool), (client) => work(sqlOn(client)), release)).pipe(again)
      return {
        query: (text, values) => withClient((sql) => sql.query(text, values)),
        transaction: (work, options) => withClient((sql) => transaction(sql, work(sql), options)),
        check: withClient((sql) => sql.query('SELECT 1')).pipe(Effect.asVoid)
      }
    })
  )
}

const INT8 = 20

/** Our 64-bit integers are sequences, ticks and milliseconds, all below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format ?? 'text'))
} as pg.CustomTypesConfig

const openPool = (settings: DatabaseSettingsShape) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new pg.Pool({
        connectionString: Redacted.value(settings.url),
        max: settings.connections,
        connectionTimeoutMillis: settings.connectTimeout_ms,
        statement_timeout: settings.statementTimeout_ms,
        query_timeout: settings.statementTimeout_ms + settings.connectTimeout_ms,
        idleTimeoutMillis: IDLE_CONNECTION_MS,
        keepAlive: true,
        application_name: 'millrace',
        types
      })
      // A connection may break while idle or between two statements. The next statement on it, or the pool, finds out.
      pool.on('error', () => undefined)
      pool.on('connect', (client) => client.on('error', () => undefined))
      return pool
    }),
    (pool) => Effect.promise(() => pool.end())
  )

const migratedOnce = (settings: DatabaseSettingsShape) =>
  Effect.gen(function* () {
    const one = yield* Semaphore.make(1)
    let done = false
    const run = Effect.gen(function* () {
      if (done) return
      const names = yield* migrate(Redacted.value(settings.url), settings.connectTimeout_ms)
      done = true
      if (names.length > 0) yield* Effect.logInfo(`migrated the database: ${names.join(', ')}`)
    })
    return Effect.suspend(() => (done ? Effect.void : one.withPermits(1)(run)))
  })

const connect = (pool: pg.Pool): Effect.Effect<pg.PoolClient, DatabaseUnavailable> =>
  Effect.tryPromise({
    try: () => pool.connect(),
    catch: (cause) => {
      const { code, reason } = classify(cause)
      return new DatabaseUnavailable({ code, reason, transient: false })
    }
  })

/** A connection on which anything failed is closed, which also rolls back. */
const release = (client: pg.PoolClient, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.sync(() => client.release(Exit.isFailure(exit)))

const sqlOn = (client: pg.PoolClient): Sql => ({
  query: (text, values) =>
    Effect.tryPromise({
      try: async (): Promise<ReadonlyArray<Row>> => (await client.query<Row>(text, values === undefined ? [] : [...values])).rows,
      catch: classify
    })
})

const transaction = <A, E>(sql: Sql, work: Effect.Effect<A, E>, options: TransactionOptions | undefined): Effect.Effect<A, E | DatabaseError> =>
  Effect.gen(function* () {
    yield* sql.query(`BEGIN ISOLATION LEVEL ${options?.isolation ?? 'read committed'}`)
    const answer = yield* work
    yield* sql.query('COMMIT')
    return answer
  })

const isTransient = (error: unknown): boolean => error instanceof DatabaseUnavailable && error.transient

const again = <A, E>(work: Effect.Effect<A, E | DatabaseError>): Effect.Effect<A, E | DatabaseError> =>
  Effect.retry(work, {
    while: isTransient,
    times: TRANSACTION_ATTEMPTS_MAX - 1,
    schedule: Schedule.jittered(Schedule.exponential(TRANSACTION_RETRY_MS))
  })
