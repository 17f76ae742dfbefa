import { join } from 'node:path'
import { Effect } from 'effect'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { classify } from './classify.ts'
import { DatabaseUnavailable } from './errors.ts'
import { MIGRATION_TIMEOUT_MS } from './limits.ts'

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined }

const failed = (cause: unknown): DatabaseUnavailable => {
  const error = classify(cause)
  return new DatabaseUnavailable({ code: error.code, reason: `migration: ${error.reason}`, transient: false })
}

/**
 * Brings the schema up to date; forward only. Nodes that start at once wait for each other by an advisory lock, which
 * the server drops with the connection of a node that dies. Answers with the names of what it ran.
 */
export const migrate = (url: string, connectTimeout_ms: number): Effect.Effect<ReadonlyArray<string>, DatabaseUnavailable> =>
  Effect.acquireUseRelease(
    Effect.tryPromise({
      try: async () => {
        const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeout_ms, application_name: 'millrace migration' })
        client.on('error', () => undefined)
        await client.connect()
        return client
      },
      catch: failed
    }),
    (client) =>
      Effect.tryPromise({
        try: () =>
          runner({
            dbClient: client,
            dir: join(import.meta.dirname, 'migrations'),
            migrationsTable: 'millrace_migrations',
            direction: 'up',
            advisoryLockMode: 'wait',
            singleTransaction: true,
            logger: SILENT
          }),
        catch: failed
      }).pipe(
        Effect.map((migrations) => migrations.map((migration) => migration.name)),
        Effect.timeoutOrElse({
          duration: MIGRATION_TIMEOUT_MS,
          orElse: () => Effect.fail(new DatabaseUnavailable({ code: '', reason: `migration: not done within ${MIGRATION_TIMEOUT_MS} ms`, transient: false }))
        })
      ),
    (client) => Effect.promise(() => client.end().catch(() => undefined))
  )
