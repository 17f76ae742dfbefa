import { Context, Effect, Layer, Schedule } from 'effect'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { IngestSettings } from './IngestSettings.ts'
import { LOG_USED_MAX, SPACE_CHECK_MS } from './limits.ts'

/** Whether the logs have room for one more stream. */
export class LogSpace extends Context.Service<LogSpace, {
  /** Whether the log that this stream would write to is too full for a new stream, or refused a record lately. */
  readonly isFull: (id: string) => boolean
  /** Whether any log is; such an edge is not ready. */
  readonly isAnyFull: () => boolean
  /** Remembers that the log refused a record of this stream. */
  readonly refused: (id: string) => void
}>()('millrace/edge/ingest/LogSpace') {
  static readonly layer = Layer.effect(
    LogSpace,
    Effect.gen(function* () {
      const log = yield* Log
      const { shards } = yield* RuntimeSettings
      const { fullRefusal_ms } = yield* IngestSettings
      const overfull = new Set<string>()
      const refused_ms = new Map<string, number>()
      const names = Array.from({ length: shards }, (_, shard) => [`INGEST_${shard}`, `MEDIA_${shard}`]).flat()
      const check = Effect.forEach(names, (name) => measure(log, name, overfull), { discard: true }).pipe(
        Effect.catch((error) => Effect.logDebug('space of the logs is not known', error))
      )
      yield* check
      yield* Effect.forkScoped(Effect.repeat(check, Schedule.spaced(SPACE_CHECK_MS)))
      const recently = (name: string): boolean => performance.now() - (refused_ms.get(name) ?? Number.NEGATIVE_INFINITY) < fullRefusal_ms
      const full = (name: string): boolean => overfull.has(name) || recently(name)
      return LogSpace.of({
        isFull: (id) => full(log.subject('ingest', id).log) || full(log.subject('media', id).log),
        isAnyFull: () => names.some(full),
        refused: (id) => {
          refused_ms.set(log.subject('ingest', id).log, performance.now())
        }
      })
    })
  )
}

const measure = (log: Log['Service'], name: string, overfull: Set<string>): Effect.Effect<void, LogUnavailable> =>
  Effect.map(log.usage(name), ({ bytes, bytesMax }) => {
    if (bytesMax > 0 && bytes > LOG_USED_MAX * bytesMax) overfull.add(name)
    else overfull.delete(name)
  })
