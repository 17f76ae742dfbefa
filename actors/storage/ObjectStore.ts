import { Context, Effect, Layer, Redacted } from 'effect'
import { directoryStore } from './directoryStore.ts'
import { minioStore } from './minioStore.ts'
import type { ObjectStoreShape } from './objectStoreShape.ts'
import { storeLocation } from './storeLocation.ts'
import { StorageSettings } from './StorageSettings.ts'

/** Where recordings lie. */
export class ObjectStore extends Context.Service<ObjectStore, ObjectStoreShape>()('millrace/actors/storage/ObjectStore') {
  /** The store that `StorageSettings.url` names. It need not answer yet: only using it fails then. */
  static readonly layer = Layer.effect(
    ObjectStore,
    Effect.gen(function* () {
      const settings = yield* StorageSettings
      const location = yield* Effect.fromResult(storeLocation(Redacted.value(settings.url)))
      return location.kind === 'folder'
        ? yield* directoryStore(location, settings.operationTimeout_ms)
        : yield* minioStore(location, settings.operationTimeout_ms)
    })
  )
}
