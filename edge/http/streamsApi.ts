import { Cache, Effect, Layer } from 'effect'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { StreamChanges } from '../ingest/StreamChanges.ts'
import { PAST_STREAMS_KEPT_MS, PAST_STREAMS_MS_MAX, STREAMS_LISTED_MAX, STREAMS_LIST_MS } from '../limits.ts'
import { LiveFigures } from '../viewers/LiveFigures.ts'
import { jsonAnswer } from './answer.ts'
import { describeStream } from './describeStream.ts'
import { HttpServer } from './HttpServer.ts'
import { PastStreams } from './PastStreams.ts'
import { notFound, unavailable } from './problems.ts'
import { idAt } from './request.ts'

/**
 * `GET /api/streams` and `GET /api/streams/{id}`: what is known of streams, from the bucket that every node shares, and of
 * those that have left it from the index of recordings.
 */
export const streamsApi = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* HttpServer
    const { streams } = yield* Buckets
    const changes = yield* StreamChanges
    const past = yield* PastStreams
    const figures = yield* LiveFigures
    const describe = (stream: StreamState) => describeStream(stream, figures.of(stream.streamId))
    const newestPast = yield* past.newest(STREAMS_LISTED_MAX).pipe(
      Effect.timeoutOrElse({ duration: PAST_STREAMS_MS_MAX, orElse: () => Effect.fail(`no answer within ${PAST_STREAMS_MS_MAX} ms`) }),
      Effect.catch((reason) => Effect.as(Effect.logDebug('recordings are not listed', { reason }), [])),
      Effect.cachedWithTTL(PAST_STREAMS_KEPT_MS)
    )
    const list = yield* Cache.make({
      capacity: 1,
      timeToLive: STREAMS_LIST_MS,
      lookup: (_all: 'all') => Effect.map(Effect.all([changes.all, newestPast]), ([entries, before]) => jsonAnswer({ streams: newestFirst(entries, before).map(describe) }))
    })
    const away = () => Effect.fail(unavailable('the streams cannot be read now'))
    server.route('/api/streams', () => Effect.catch(Cache.get(list, 'all'), away))
    server.route('/api/streams/:id', (request) =>
      Effect.gen(function* () {
        const id = yield* idAt(request, 0)
        const entry = yield* streams.get(id).pipe(Effect.catch(away))
        const found = entry?.value ?? (yield* past.get(id).pipe(Effect.catch(away)))
        return found ? jsonAnswer(describe(found)) : yield* notFound('no stream has this id')
      })
    )
  })
).pipe(Layer.provide(Layer.mergeAll(StreamChanges.layer, LiveFigures.layer)))

/** Where the bucket has an entry, it knows more than the index. */
const newestFirst = (entries: ReadonlyMap<string, StreamState>, past: ReadonlyArray<StreamState>): ReadonlyArray<StreamState> =>
  [...entries.values(), ...past.filter(({ streamId }) => !entries.has(streamId))].toSorted((a, b) => rank(a) - rank(b) || Number(b.createdAtMs - a.createdAtMs)).slice(0, STREAMS_LISTED_MAX)

const rank = ({ status }: StreamState): number => (status === StreamStatus.LIVE ? 0 : 1)
