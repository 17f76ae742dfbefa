import type { Effect } from 'effect'
import type { ObjectMissing, ObjectTooBig, StoreUnavailable } from './errors.ts'

/** What a store says of an object without giving its bytes. */
export interface ObjectInfo {
  readonly key: string
  readonly bytes: number
}

/** A run of an object's bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * Whole objects under keys, the same over an S3 server and over a folder. A reader sees an object as it was before an
 * overwrite or after it, never a mixture. A key that `isKey` refuses holds no object: reading it is `ObjectMissing`,
 * writing it is a defect of the caller. The content type follows from the key's ending (`contentTypeOf`).
 */
export interface ObjectStoreShape {
  /** Writes the object whole, durably; writing the same again changes nothing. */
  readonly put: (key: string, bytes: Uint8Array) => Effect.Effect<void, StoreUnavailable | ObjectTooBig>
  readonly get: (key: string) => Effect.Effect<Uint8Array, ObjectMissing | StoreUnavailable | ObjectTooBig>
  /** The bytes of the range that the object has: fewer at its end, none behind it. */
  readonly read: (key: string, range: ByteRange) => Effect.Effect<Uint8Array, ObjectMissing | StoreUnavailable | ObjectTooBig>
  readonly stat: (key: string) => Effect.Effect<ObjectInfo, ObjectMissing | StoreUnavailable>
  /** All objects below a folder (`a/b/`), sorted by key in code-unit order. A folder that is not there is empty. */
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<ObjectInfo>, StoreUnavailable>
  /** Removes all objects below a folder (`a/b/`). */
  readonly remove: (folder: string) => Effect.Effect<void, StoreUnavailable>
  /** Succeeds when objects could be written and read now. */
  readonly check: Effect.Effect<void, StoreUnavailable>
}
