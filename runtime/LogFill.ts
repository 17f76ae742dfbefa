import { Context, Effect, Layer } from 'effect'
import { listen } from './callbacks.ts'
import { BIG_RECORDS_SHARE_MAX, FILL_BUSY_SHARE, FILL_LOOK_BUSY_MS, FILL_LOOK_MS } from './limits.ts'
import { Log } from './Log.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'

/** Name of the bucket of streams among the logs. */
export const STREAMS_BUCKET = 'KV_streams'

/** How much one log holds, and may hold. */
export interface Fill {
  readonly log: string
  readonly bytes: number
  readonly bytesMax: number
}

/**
 * How full INGEST, MEDIA and the bucket of streams are, as this process last saw them, so that writers hold big records
 * back while there is still room for small ones: those that end, hand over and trim. A view may be old by one look; what
 * other processes write meanwhile is what the room between the shares in `limits.ts` is for.
 */
export class LogFill extends Context.Service<LogFill, {
  /** Share of its bytes that a log holds, 0 to 1; 1 where it has refused a record since it was looked at. */
  readonly share: (log: string) => number
  /** Bytes that big records may still take. */
  readonly room: (log: string) => number
  /** Counts what this process has written to a log, until it is looked at again. */
  readonly wrote: (log: string, bytes: number) => void
  /** Remembers that a log has refused a record. */
  readonly refused: (log: string) => void
  /** Calls back whenever the logs were looked at, until the returned function is called. */
  readonly onLook: (callback: () => void) => () => void
  readonly fills: () => ReadonlyArray<Fill>
}>()('millrace/runtime/LogFill') {
  static readonly layer = Layer.effect(
    LogFill,
    Effect.gen(function* () {
      const log = yield* Log
      const { shards } = yield* RuntimeSettings
      const names = [...Array.from({ length: shards }, (_, shard) => [`INGEST_${shard}`, `MEDIA_${shard}`]).flat(), STREAMS_BUCKET]
      const fills = new Map<string, Fill>()
      const refused = new Set<string>()
      const listeners = new Set<() => void>()
      const lookAt = (name: string) =>
        Effect.map(log.usage(name), ({ bytes, bytesMax }) => {
          fills.set(name, { log: name, bytes, bytesMax })
          refused.delete(name)
        })
      const look = Effect.forEach(names, lookAt, { discard: true }).pipe(
        Effect.catchTag('LogUnavailable', ({ reason }) => Effect.logDebug('how full the logs are is not known', { reason })),
        Effect.andThen(Effect.sync(() => listeners.forEach((listener) => listener())))
      )
      const share = (name: string): number => (refused.has(name) ? 1 : shareOf(fills.get(name)))
      const pause = Effect.suspend(() => Effect.sleep(names.some((name) => share(name) > FILL_BUSY_SHARE) ? FILL_LOOK_BUSY_MS : FILL_LOOK_MS))
      yield* look
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(pause, look)))
      return LogFill.of({
        share,
        room: (name) => roomIn(fills.get(name)),
        wrote: (name, bytes) => {
          const fill = fills.get(name)
          if (fill !== undefined) fills.set(name, { ...fill, bytes: fill.bytes + bytes })
        },
        refused: (name) => void refused.add(name),
        onLook: (callback) => listen(listeners, callback),
        fills: () => [...fills.values()]
      })
    })
  )
}

const shareOf = (fill: Fill | undefined): number => (fill === undefined || fill.bytesMax <= 0 ? 0 : fill.bytes / fill.bytesMax)

const roomIn = (fill: Fill | undefined): number =>
  fill === undefined || fill.bytesMax <= 0 ? Number.POSITIVE_INFINITY : Math.max(0, BIG_RECORDS_SHARE_MAX * fill.bytesMax - fill.bytes)
