import { Context, Effect, Layer } from 'effect'
import { Buckets } from '../../runtime/Bucket.ts'
import type { LogUnavailable } from '../../runtime/errors.ts'

/** Asks an index for the folder (with its slash) of a recording that the bucket no longer names; undefined: unknown. */
export class RecordingIndex extends Context.Reference<(id: string) => Effect.Effect<string | undefined, string>>('millrace/edge/playback/RecordingIndex', {
  defaultValue: () => () => Effect.succeed(undefined)
}) {}

/** Neither the bucket nor the index could be asked. `reason` is for people. */
export type PlaceError = LogUnavailable | string

/** Where the objects of a recording lie: as its stream's entry says, else as the index of recordings does. */
export class RecordingPlaces extends Context.Service<RecordingPlaces, {
  readonly find: (id: string) => Effect.Effect<string | undefined, PlaceError>
}>()('millrace/edge/playback/RecordingPlaces') {
  static readonly layer = Layer.effect(
    RecordingPlaces,
    Effect.gen(function* () {
      const { streams } = yield* Buckets
      const index = yield* RecordingIndex
      const known = new Map<string, string>()
      const remember = (id: string, folder: string | undefined): void => {
        if (folder === undefined) return
        const oldest = known.keys().next().value
        if (known.size >= KNOWN_MAX && oldest !== undefined) known.delete(oldest)
        known.set(id, folder)
      }
      const find = Effect.fnUntraced(function* (id: string): Effect.fn.Return<string | undefined, PlaceError> {
        const before = known.get(id)
        if (before !== undefined) return before
        const prefix = (yield* streams.get(id))?.value.keyPrefix
        const folder = prefix ? prefix : yield* index(id)
        remember(id, folder)
        return folder
      })
      return RecordingPlaces.of({ find })
    })
  )
}

const KNOWN_MAX = 10_000
