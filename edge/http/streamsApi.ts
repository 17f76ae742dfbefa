import { Cache, Effect, Layer } from 'effect'
import { type Loss, LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LostSegment, StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { PAST_STREAMS_MS_MAX, STREAMS_LISTED_MAX, STREAMS_LIST_MS } from '../limits.ts'
import { StreamChanges } from '../ingest/StreamChanges.ts'
import { jsonAnswer } from './answer.ts'
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
    const newestPast = past.newest(STREAMS_LISTED_MAX).pipe(
      Effect.timeoutOrElse({ duration: PAST_STREAMS_MS_MAX, orElse: () => Effect.fail(`no answer within ${PAST_STREAMS_MS_MAX} ms`) }),
      Effect.catch((reason) => Effect.as(Effect.logDebug('recordings are not listed', { reason }), []))
    )
    const list = yield* Cache.make({
      capacity: 1,
      timeToLive: STREAMS_LIST_MS,
      lookup: (_all: 'all') => Effect.map(Effect.all([changes.all, newestPast]), ([entries, before]) => newestFirst(entries, before).map(describeStream))
    })
    const away = () => Effect.fail(unavailable('the streams cannot be read now'))
    server.route('/api/streams', () => Cache.get(list, 'all').pipe(Effect.map((found) => jsonAnswer({ streams: found })), Effect.catch(away)))
    server.route('/api/streams/:id', (request) =>
      Effect.gen(function* () {
        const id = yield* idAt(request, 0)
        const entry = yield* streams.get(id).pipe(Effect.catch(away))
        const found = entry?.value ?? (yield* past.get(id).pipe(Effect.catch(away)))
        return found ? jsonAnswer(describeStream(found)) : yield* notFound('no stream has this id')
      })
    )
  })
).pipe(Layer.provide(StreamChanges.layer))

/** Where the bucket has an entry, it knows more than the index. */
const newestFirst = (entries: ReadonlyMap<string, StreamState>, past: ReadonlyArray<StreamState>): ReadonlyArray<StreamState> =>
  [...entries.values(), ...past.filter(({ streamId }) => !entries.has(streamId))].toSorted((a, b) => rank(a) - rank(b) || Number(b.createdAtMs - a.createdAtMs)).slice(0, STREAMS_LISTED_MAX)

const rank = ({ status }: StreamState): number => (status === StreamStatus.LIVE ? 0 : 1)

const STATUS: Readonly<Record<StreamStatus, string>> = {
  [StreamStatus.UNSPECIFIED]: 'unknown',
  [StreamStatus.LIVE]: 'live',
  [StreamStatus.ENDED]: 'ended',
  [StreamStatus.FAILED]: 'failed',
  [StreamStatus.ARCHIVED]: 'archived'
}

/** Where nothing was recorded there is no recording: such a stream has ended or failed, whatever the archive has done about it. */
const shownStatus = ({ status, renditions, reason }: StreamState): StreamStatus => {
  if (status !== StreamStatus.ARCHIVED || renditions.length > 0) return status
  return reason === '' ? StreamStatus.ENDED : StreamStatus.FAILED
}

/** A stream as the API shows it; nothing secret of it is there. */
export const describeStream = (stream: StreamState): Readonly<Record<string, unknown>> => ({
  id: stream.streamId,
  title: stream.title,
  status: STATUS[shownStatus(stream)],
  publishing: stream.publishing,
  startedAt: isoTime(stream.createdAtMs),
  ...(stream.endedAtMs > 0n ? { endedAt: isoTime(stream.endedAtMs) } : {}),
  ...(stream.reason === '' ? {} : { reason: stream.reason }),
  renditions: stream.renditions.map(({ name, codec, width, height, bandwidth }) => ({ name, codec, width, height, bandwidth })),
  lostChunks: Number(stream.lostChunks),
  poisonChunks: Number(stream.poisonChunks),
  losses: stream.losses.map(describeLoss),
  lostSegmentCount: stream.lostSegmentCount,
  lostSegments: stream.lostSegments.map(describeLostSegment),
  discontinuities: stream.discontinuities,
  playlist: shownStatus(stream) === StreamStatus.ARCHIVED ? `/recordings/${stream.streamId}/index.m3u8` : `/live/${stream.streamId}/index.m3u8`
})

const LOSS: Readonly<Record<LossKind, string>> = {
  [LossKind.UNSPECIFIED]: 'unknown',
  [LossKind.MISSING]: 'missing',
  [LossKind.DAMAGED]: 'damaged',
  [LossKind.HEADER]: 'header',
  [LossKind.UNREADABLE]: 'unreadable',
  [LossKind.POISON]: 'poison',
  [LossKind.LEAP]: 'leap'
}

const describeLoss = ({ kind, epoch, firstSeq, chunks, resumedSeq, frames, atMs, reason }: Loss) =>
  ({ kind: LOSS[kind], epoch, firstSeq, chunks, resumedSeq, frames, at: isoTime(atMs), reason })

const describeLostSegment = ({ rendition, msn, durationMs, programDateTimeMs, reason }: LostSegment): Readonly<Record<string, unknown>> => ({
  rendition, number: msn, duration_ms: Number(durationMs), startedAt: isoTime(programDateTimeMs), reason
})

const isoTime = (ms: bigint): string => new Date(Number(ms)).toISOString()
