import { Context, Effect, Layer, Schedule } from 'effect'
import { FULL_ATTEMPTS_MAX, FULL_RETRY_MS } from '../../runtime/limits.ts'
import { Log } from '../../runtime/Log.ts'
import { LogFill, STREAMS_BUCKET } from '../../runtime/LogFill.ts'
import { IngestSettings } from './IngestSettings.ts'
import { LOG_USED_MAX } from './limits.ts'
import { mediaBytes, takesRecord } from './recordRoom.ts'
import type { IngestBody } from './sessionState.ts'

/**
 * Whether the logs have room: for one more stream, and for a record of one that runs. Frames leave room for the records
 * that begin sessions, and those for the ones that end streams.
 */
export class LogSpace extends Context.Service<LogSpace, {
  /** Whether a log that this stream would write to is too full for a new stream, or refused a record lately. */
  readonly isFull: (id: string) => boolean
  /** Whether a log takes this record, as far as this edge knows. */
  readonly takes: (log: string, body: IngestBody) => boolean
  /** The same, after a moment's wait for room. */
  readonly willTake: (log: string, body: IngestBody) => Effect.Effect<boolean>
  /** Counts what was appended to a log. */
  readonly wrote: (log: string, body: IngestBody) => void
  /** Remembers that a log refused a record. */
  readonly refused: (log: string) => void
}>()('millrace/edge/ingest/LogSpace') {
  static readonly layer = Layer.effect(
    LogSpace,
    Effect.gen(function* () {
      const log = yield* Log
      const fill = yield* LogFill
      const { fullRefusal_ms } = yield* IngestSettings
      const refused_ms = new Map<string, number>()
      const overfull = (name: string): boolean => fill.share(name) > LOG_USED_MAX
      const recently = (name: string): boolean => performance.now() - (refused_ms.get(name) ?? Number.NEGATIVE_INFINITY) < fullRefusal_ms
      const full = (name: string): boolean => overfull(name) || recently(name)
      const takes = (name: string, body: IngestBody): boolean => takesRecord(fill.share(name), fill.room(name), body)
      yield* Effect.acquireRelease(Effect.map(watchOf(fill, overfull), (look) => fill.onLook(look)), (stop) => Effect.sync(stop))
      return LogSpace.of({
        isFull: (id) => [log.subject('ingest', id).log, log.subject('media', id).log, STREAMS_BUCKET].some(full),
        takes,
        willTake: (name, body) =>
          Effect.repeat(Effect.sync(() => takes(name, body)), { until: (now) => now, schedule: Schedule.spaced(FULL_RETRY_MS), times: FULL_ATTEMPTS_MAX - 1 }).pipe(
            Effect.map(() => takes(name, body))
          ),
        wrote: (name, body) => fill.wrote(name, mediaBytes(body)),
        refused: (name) => {
          refused_ms.set(name, performance.now())
          fill.refused(name)
        }
      })
    })
  )
}

/** Says when a log becomes too full for new streams, and when that is over. */
const watchOf = Effect.fnUntraced(function* (fill: LogFill['Service'], overfull: (name: string) => boolean) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const said = new Set<string>()
  return () => {
    for (const { log } of fill.fills()) {
      if (overfull(log) === said.has(log)) continue
      if (!said.delete(log)) said.add(log)
      run(said.has(log) ? Effect.logWarning('a log is too full for new streams', { log }) : Effect.logInfo('a log has room for new streams again', { log }))
    }
  }
})
