import { Effect } from 'effect'
import { ObjectTooBig, StoreUnavailable } from './errors.ts'
import { OBJECT_BYTES_MAX } from './limits.ts'
import { isFolder, isKey } from './objectKey.ts'

/** Runs a promise as an operation on a store. `known` names the failures that are not outages. */
export interface BoundedOperation {
  <A, E = never>(operation: string, run: (signal: AbortSignal) => Promise<A>, known?: (cause: unknown) => E | undefined): Effect.Effect<A, E | StoreUnavailable>
}

/** Makes operations that are given up after `timeout_ms` (their signal aborts) and whose failures are `StoreUnavailable`, described by `fail`. */
export const boundedOperation =
  (timeout_ms: number, fail: (operation: string, cause: unknown) => StoreUnavailable): BoundedOperation =>
  <A, E = never>(operation: string, run: (signal: AbortSignal) => Promise<A>, known?: (cause: unknown) => E | undefined) =>
    Effect.tryPromise({ try: run, catch: (cause): E | StoreUnavailable => known?.(cause) ?? fail(operation, cause) }).pipe(
      Effect.timeoutOrElse({
        duration: timeout_ms,
        orElse: () => Effect.fail(new StoreUnavailable({ operation, reason: `no answer within ${timeout_ms} ms` }))
      })
    )

/** Runs a write only for a key that may be one (else the caller is wrong: a defect) and a size that may be. */
export const requireKey = <A, E>(key: string, bytes: Uint8Array, write: Effect.Effect<A, E>): Effect.Effect<A, E | ObjectTooBig> => {
  if (!isKey(key)) return Effect.die(new RangeError(`not a key: ${JSON.stringify(key)}`))
  if (bytes.length > OBJECT_BYTES_MAX) return Effect.fail(new ObjectTooBig({ key, bytes: bytes.length, limit: OBJECT_BYTES_MAX }))
  return write
}

/** Runs a removal only for a folder; anything else is a defect of the caller. */
export const requireFolder = <A, E>(folder: string, remove: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  isFolder(folder) ? remove : Effect.die(new RangeError(`not a folder of objects: ${JSON.stringify(folder)}`))
