import { Context, Deferred, Effect, Layer, Schedule } from 'effect'
import { StreamStatus, type StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { listen } from '../../runtime/callbacks.ts'
import { LogUnavailable } from '../../runtime/errors.ts'
import { API_TIMEOUT_MS } from '../../runtime/limits.ts'
import { READ_RETRY_MS } from './limits.ts'

/** Told of a stream whose entry was written. */
export type StreamListener = (entry: StreamState) => void

/** Told of every entry that was written, or, without it, has gone. */
export type AnyListener = (id: string, entry: StreamState | undefined) => void

/** Told of every stream that begins or ends. */
export interface LifeListener {
  readonly started: (entry: StreamState) => void
  readonly ended: (id: string) => void
}

/** The one watch of this edge on the bucket `streams`. */
export class StreamChanges extends Context.Service<StreamChanges, {
  /** Calls back on each change of one stream until the returned function is called. */
  readonly onStream: (id: string, listener: StreamListener) => () => void
  /** Calls back on each change of any stream until the returned function is called. */
  readonly onAny: (listener: AnyListener) => () => void
  /** Calls back when a stream begins or ends until the returned function is called. */
  readonly onLife: (listener: LifeListener) => () => void
  /** Ids of the streams that are live, as last heard. */
  readonly live: () => ReadonlySet<string>
  /** The entry of a stream, as last heard. */
  readonly entry: (id: string) => StreamState | undefined
  /** A copy of the bucket that follows it, once it is complete. */
  readonly all: Effect.Effect<ReadonlyMap<string, StreamState>, LogUnavailable>
}>()('millrace/edge/ingest/StreamChanges') {
  static readonly layer = Layer.effect(
    StreamChanges,
    Effect.gen(function* () {
      const { streams } = yield* Buckets
      const state: State = { live: new Set(), entries: new Map(), ofStream: new Map(), ofLife: new Set(), ofAny: new Set() }
      const complete = yield* Deferred.make<void>()
      yield* streams.watch(({ key, value }) => changed(state, key, value)).pipe(
        Effect.retry(Schedule.spaced(READ_RETRY_MS)),
        Effect.orDie,
        Effect.andThen(Deferred.succeed(complete, undefined)),
        Effect.forkScoped
      )
      return StreamChanges.of({
        onStream: (id, listener) => {
          const listeners = state.ofStream.get(id) ?? new Set()
          state.ofStream.set(id, listeners.add(listener))
          return () => {
            listeners.delete(listener)
            if (listeners.size === 0 && state.ofStream.get(id) === listeners) state.ofStream.delete(id)
          }
        },
        onLife: (listener) => {
          state.ofLife.add(listener)
          return () => state.ofLife.delete(listener)
        },
        onAny: (listener) => listen(state.ofAny, listener),
        live: () => state.live,
        entry: (id) => state.entries.get(id),
        all: Deferred.await(complete).pipe(
          Effect.timeoutOrElse({ duration: API_TIMEOUT_MS, orElse: () => new LogUnavailable({ operation: 'all streams', reason: 'not read yet' }) }),
          Effect.as(state.entries)
        )
      })
    })
  )
}

interface State {
  /** Ids of the streams that are live, as last heard. */
  readonly live: Set<string>
  readonly entries: Map<string, StreamState>
  readonly ofStream: Map<string, Set<StreamListener>>
  readonly ofLife: Set<LifeListener>
  readonly ofAny: Set<AnyListener>
}

const changed = (state: State, id: string, entry: StreamState | undefined): void => {
  const live = entry?.status === StreamStatus.LIVE
  if (live && !state.live.has(id)) {
    state.live.add(id)
    for (const listener of state.ofLife) listener.started(entry)
  }
  if (!live && state.live.delete(id)) {
    for (const listener of state.ofLife) listener.ended(id)
  }
  if (entry === undefined) state.entries.delete(id)
  else state.entries.set(id, entry)
  for (const listener of state.ofAny) listener(id, entry)
  if (entry === undefined) return
  for (const listener of state.ofStream.get(id) ?? []) listener(entry)
}
