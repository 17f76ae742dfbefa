import { Effect, Layer } from 'effect'
import { Buckets } from '../../runtime/Bucket.ts'
import { NO_STORE } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { Counters } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { PastStreams } from '../http/PastStreams.ts'
import { badRequest, notFound, unavailable } from '../http/problems.ts'
import type { Problem } from '../http/problems.ts'
import { idAt } from '../http/request.ts'
import type { Request } from '../http/request.ts'
import { EventLog } from './EventLog.ts'
import { EventPlaces } from './EventPlaces.ts'
import { serveEvents } from './serveEvents.ts'

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': NO_STORE, 'X-Accel-Buffering': 'no' }

/** `GET /api/streams/{id}/events`: the events of a stream as they happen (server-sent events), those behind `Last-Event-ID` first. */
export const eventStream = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* HttpServer
    const { streams: places } = yield* EventPlaces
    const counters = yield* Counters
    const expectKnown = yield* acquaintance
    const serve = yield* serveEvents
    server.route('/api/streams/:id/events', (request) =>
      Effect.gen(function* () {
        const id = yield* idAt(request, 0)
        const after = yield* lastEventId(request)
        yield* expectKnown(id)
        const place = yield* Effect.acquireRelease(Effect.sync(() => places.take(request.address)), (giveBack) => Effect.sync(() => giveBack?.()))
        if (place !== undefined) return { status: 200, headers: HEADERS, body: [], live: (flow) => serve(flow, id, after) } satisfies Answer
        counters.count('events_refused')
        return yield* unavailable('too many follow events, of this address or in all')
      })
    )
  })
).pipe(Layer.provide(EventLog.layer), Layer.provideMerge(EventPlaces.layer))

const acquaintance = Effect.gen(function* () {
  const { streams } = yield* Buckets
  const past = yield* PastStreams
  const away = () => Effect.fail(unavailable('the streams cannot be read now'))
  return Effect.fnUntraced(function* (id: string): Effect.fn.Return<void, Problem> {
    const known = (yield* Effect.catch(streams.get(id), away)) ?? (yield* Effect.catch(past.get(id), away))
    if (known === undefined) return yield* notFound('no stream has this id')
  })
})

const SEQUENCE = /^\d{1,15}$/

/** The newest event that the client has had: a browser says so by itself, after its connection was lost. */
const lastEventId = ({ lastEventId: header, query }: Request): Effect.Effect<number | undefined, Problem> => {
  const text = header === '' ? query.get('lastEventId') : header
  if (text === null || text === '') return Effect.succeed(undefined)
  return SEQUENCE.test(text) ? Effect.succeed(Number(text)) : Effect.fail(badRequest('Last-Event-ID is the id of an event: a number'))
}
