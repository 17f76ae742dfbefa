import { DatabaseUnavailable, StatementRefused } from './errors.ts'
import type { DatabaseError } from './errors.ts'

/** The transaction fell, the statement is sound: the whole transaction is to be run again (PostgreSQL appendix A). */
const TRANSIENT = new Set(['40001', '40P01', '57P01', '57P02', '08000', '08003', '08006', '08007'])

/** The server is there but cannot serve now: not connected, starting, full, out of resources, timed out, read-only. */
const UNAVAILABLE_CLASSES = ['08', '53', '57', '58', 'XX']
const READ_ONLY = '25006'

const SQLSTATE = /^[0-9A-Z]{5}$/

/** node-postgres gives these as bare messages when a socket breaks beneath a query. */
const LOST = /connection terminated|connection ended|client has encountered a connection error|not queryable|ECONNRESET|EPIPE/i

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '')

/** Puts a failure of the `pg` client into one of our two kinds. Messages of the server hold no credentials; those of sockets hold only addresses. */
export const classify = (cause: unknown): DatabaseError => {
  const code = codeOf(cause)
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (SQLSTATE.test(code)) {
    if (TRANSIENT.has(code)) return new DatabaseUnavailable({ code, reason, transient: true })
    if (code === READ_ONLY || UNAVAILABLE_CLASSES.includes(code.slice(0, 2))) return new DatabaseUnavailable({ code, reason, transient: false })
    return new StatementRefused({ code, reason })
  }
  return new DatabaseUnavailable({ code, reason, transient: LOST.test(`${code} ${reason}`) })
}
