import { Effect, Layer } from 'effect'
import { ask, Nats } from '../../runtime/Nats.ts'
import { jsonAnswer } from './answer.ts'
import { freeDescriptors } from './freeDescriptors.ts'
import { HttpServer } from './HttpServer.ts'
import { Readiness } from './Readiness.ts'

/** `GET /health`: the process is alive. `GET /ready`: every dependency by name; 503 while one is away that this process needs. */
export const healthRoutes = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* HttpServer
    const readiness = yield* Readiness
    const nats = yield* Nats
    // A connection may be open and lead nowhere: only an answer of JetStream's shows that it does not.
    yield* readiness.register('nats', Effect.suspend(() =>
      nats.connected() ? Effect.mapError(Effect.asVoid(ask('JetStream', () => nats.manager.getAccountInfo())), ({ reason }) => reason) : Effect.fail('not connected')
    ), 'needed')
    yield* readiness.register('file descriptors', freeDescriptors, 'needed')
    server.route('/health', () => Effect.succeed(jsonAnswer({ status: 'ok' })))
    server.route('/ready', () =>
      Effect.map(readiness.look, (dependencies) => {
        const ready = dependencies.every((dependency) => dependency.ready || !dependency.needed)
        return jsonAnswer({ status: ready ? 'ready' : 'not ready', dependencies }, ready ? 200 : 503)
      })
    )
  })
)
