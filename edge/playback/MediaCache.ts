import { Context, Deferred, Effect, Layer, Scope } from 'effect'
import { EdgeSettings } from '../EdgeSettings.ts'

/** Bytes of older media, read once for all who ask at the same time, and kept while there is room, the last used longest. */
export class MediaCache extends Context.Service<MediaCache, {
  /** The bytes under `key`; `load` runs at most once at a time per key and goes on when the one who asked first goes away. */
  readonly get: <E>(key: string, load: Effect.Effect<Uint8Array, E>) => Effect.Effect<Uint8Array, E>
  readonly bytes: () => number
}>()('millrace/edge/playback/MediaCache') {
  static readonly layer = Layer.effect(
    MediaCache,
    Effect.gen(function* () {
      const { cacheBytesMax } = yield* EdgeSettings
      const scope = yield* Effect.scope
      const cache = new ByteCache(cacheBytesMax)
      const loading = new Map<string, Deferred.Deferred<Uint8Array, unknown>>()
      const get = <E>(key: string, load: Effect.Effect<Uint8Array, E>): Effect.Effect<Uint8Array, E> =>
        Effect.suspend(() => {
          const known = cache.get(key)
          if (known) return Effect.succeed(known)
          // A key always stands for the same load, and so for the same errors.
          const underway = loading.get(key) as Deferred.Deferred<Uint8Array, E> | undefined
          if (underway) return Deferred.await(underway)
          const mine = Deferred.makeUnsafe<Uint8Array, E>()
          loading.set(key, mine as Deferred.Deferred<Uint8Array, unknown>)
          const whole = load.pipe(
            Effect.tap((bytes) => Effect.sync(() => cache.set(key, bytes))),
            Effect.onExit((exit) => Effect.sync(() => loading.delete(key)).pipe(Effect.andThen(Deferred.done(mine, exit))))
          )
          return Effect.andThen(forkQuiet(whole, scope), Deferred.await(mine))
        })
      return MediaCache.of({ get, bytes: () => cache.bytes })
    })
  )
}

// Its outcome goes to those who wait; as a fiber of its own it has nobody to fail to.
const forkQuiet = <E>(effect: Effect.Effect<Uint8Array, E>, scope: Scope.Scope): Effect.Effect<void> => Effect.asVoid(Effect.forkIn(Effect.exit(effect), scope))

/** Least recently used bytes go first once there are more than `max`. */
class ByteCache {
  readonly #entries = new Map<string, Uint8Array>()
  readonly #max: number
  bytes = 0

  constructor(max: number) {
    this.#max = max
  }

  get(key: string): Uint8Array | undefined {
    const found = this.#entries.get(key)
    if (found === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, found)
    return found
  }

  /** Keeps the bytes, unless they alone are more than there is room for. */
  set(key: string, value: Uint8Array): void {
    this.#remove(key)
    if (value.byteLength > this.#max) return
    this.#entries.set(key, value)
    this.bytes += value.byteLength
    for (const oldest of this.#entries.keys()) {
      if (this.bytes <= this.#max) return
      this.#remove(oldest)
    }
  }

  #remove(key: string): void {
    this.bytes -= this.#entries.get(key)?.byteLength ?? 0
    this.#entries.delete(key)
  }
}
