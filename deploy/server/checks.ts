import { Effect, Layer } from 'effect'
import { Database } from '../../actors/database/Database.ts'
import { ObjectStore } from '../../actors/storage/ObjectStore.ts'
import { Readiness } from '../../edge/http/Readiness.ts'

/** What `/ready` names beside what the edge itself adds: live streams go on without. */
export const checks = Layer.effectDiscard(
  Effect.gen(function* () {
    const readiness = yield* Readiness
    const store = yield* ObjectStore
    const database = yield* Database
    yield* readiness.register('object store', Effect.mapError(store.check, (error) => error.message), 'named')
    yield* readiness.register('database', Effect.mapError(database.check, (error) => error.message), 'named')
  })
)
