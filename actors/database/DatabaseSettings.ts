import { Context } from 'effect'
import type { Redacted } from 'effect'

/** What an operator sets of the database. */
export interface DatabaseSettingsShape {
  /** `postgres://user:password@host:port/database`. No default: bring-up always names one. */
  readonly url: Redacted.Redacted<string>
  /** Connections of this process. Default 8. */
  readonly connections: number
  /** Longest wait for a connection. Default 5 000. */
  readonly connectTimeout_ms: number
  /** Longest that a statement may run, on the server and as seen from here. Default 10 000. */
  readonly statementTimeout_ms: number
}

/** The settings of the database. */
export class DatabaseSettings extends Context.Service<DatabaseSettings, DatabaseSettingsShape>()('millrace/actors/database/DatabaseSettings') {}
