import { Effect, Layer } from 'effect'
import { EdgeSettings } from '../EdgeSettings.ts'
import { Counters } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { LiveFigures } from '../viewers/LiveFigures.ts'
import { IngestSessions } from './IngestSessions.ts'
import { IngestSettings } from './IngestSettings.ts'
import { ingestSocket } from './ingestSocket.ts'
import { LogSpace } from './LogSpace.ts'
import { StreamChanges } from './StreamChanges.ts'

/** `/ws/stream` on the edge's server; to be built before the server listens. */
export const ingestRouteLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { app } = yield* HttpServer
    const sessions = yield* IngestSessions
    const figures = yield* LiveFigures
    const surroundings = { corsOrigins: (yield* EdgeSettings).corsOrigins, counters: yield* Counters, viewersOf: (id: string) => figures.of(id).viewers }
    const silence = ingestSocket(app, sessions, yield* IngestSettings, surroundings)
    yield* Effect.addFinalizer(() => Effect.sync(silence))
  })
).pipe(Layer.provideMerge(IngestSessions.layer), Layer.provideMerge(LogSpace.layer), Layer.provide(Layer.mergeAll(StreamChanges.layer, LiveFigures.layer)))
