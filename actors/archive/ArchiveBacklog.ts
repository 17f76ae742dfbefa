import { Clock, Effect } from 'effect'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { ARCHIVE_CONSUMER } from '../../runtime/Janitor.ts'
import { Log } from '../../runtime/Log.ts'

/** How far the archive of all nodes together lags behind. */
export interface ArchiveBacklog {
  /** Announced segments that are not done yet. */
  readonly segments: number
  /** Time since the oldest of them was announced; 0 without any. */
  readonly oldest_ms: number
}

const EVERY_ANNOUNCEMENT = { log: 'SEGMENTS', subject: 'segments.>' }

/** Looks how much waits for the archive. */
export const archiveBacklog: Effect.Effect<ArchiveBacklog, LogUnavailable, Log> = Effect.gen(function* () {
  const log = yield* Log
  const done = yield* log.acknowledgedThrough('SEGMENTS', ARCHIVE_CONSUMER)
  const { lastSeq } = yield* log.usage('SEGMENTS')
  if (lastSeq <= done) return { segments: 0, oldest_ms: 0 }
  const [oldest] = yield* log.read(EVERY_ANNOUNCEMENT, done + 1, done + 1)
  const now_ms = yield* Clock.currentTimeMillis
  return { segments: lastSeq - done, oldest_ms: oldest === undefined ? 0 : Math.max(0, now_ms - oldest.time_ms) }
})
