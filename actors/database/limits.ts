/** Attempts of one transaction, and the pause before the second one; it doubles each time. */
export const TRANSACTION_ATTEMPTS_MAX = 6
export const TRANSACTION_RETRY_MS = 40

/** Pause between attempts to migrate while the database is not there. */
export const MIGRATION_RETRY_MS = 1_000

/** Longest that a node waits for another node's migration and its own. */
export const MIGRATION_TIMEOUT_MS = 60_000

/** A connection that nobody used for this long is closed. */
export const IDLE_CONNECTION_MS = 30_000

/** Most rows that a listing of recordings returns. */
export const RECORDINGS_PAGE_MAX = 500
