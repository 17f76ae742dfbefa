import { Schema } from 'effect'

/**
 * The database did not answer, refused the connection, or gave the transaction up for a reason that is not the
 * statement's. Whether a commit was stored is unknown. `transient`: the same again may succeed at once.
 */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()('DatabaseUnavailable', {
  code: Schema.String,
  reason: Schema.String,
  transient: Schema.Boolean
}) {}

/** The database understood the statement and refused it (constraint, type, syntax); `code` is the SQLSTATE. */
export class StatementRefused extends Schema.TaggedError<StatementRefused>()('StatementRefused', {
  code: Schema.String,
  reason: Schema.String
}) {}

/** `DATABASE_URL` is not the URL of a PostgreSQL database. */
export class DatabaseUrlInvalid extends Schema.TaggedError<DatabaseUrlInvalid>()('DatabaseUrlInvalid', {
  reason: Schema.String
}) {}

export type DatabaseError = DatabaseUnavailable | StatementRefused
