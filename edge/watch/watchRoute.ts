import { Effect, Layer } from 'effect'
import { EdgeSettings } from '../EdgeSettings.ts'
import { Counters } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { Watching } from './Watching.ts'
import { watchSocket } from './watchSocket.ts'

/** `/ws/watch/{id}` on the edge's server; to be built before the server listens. */
export const watchRoute = Layer.effectDiscard(
  Effect.gen(function* () {
    const { app } = yield* HttpServer
    const { corsOrigins } = yield* EdgeSettings
    watchSocket(app, yield* Watching, corsOrigins, yield* Counters)
  })
).pipe(Layer.provideMerge(Watching.layer))
