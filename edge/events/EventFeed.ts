import { Context, Effect, Layer, Schedule } from 'effect'
import type { Scope } from 'effect'
import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { describeStream } from '../http/describeStream.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { PastStreams } from '../http/PastStreams.ts'
import { StreamChanges } from '../ingest/StreamChanges.ts'
import { PAST_STREAMS_MS_MAX, STREAMS_LISTED_MAX } from '../limits.ts'
import { LiveFigures } from '../viewers/LiveFigures.ts'
import { Viewers } from '../viewers/Viewers.ts'
import { EventLog } from './EventLog.ts'
import { MOVES_TOLD_MAX, NEWS_LOOK_MS } from './limits.ts'
import { Quota } from './Quota.ts'
import { StreamNews } from './streamNews.ts'
import { ALL_TOPIC, streamTopic, viewersTopic } from './topics.ts'

/** Publishes what happens to streams on the topics of this edge's server. */
export class EventFeed extends Context.Service<EventFeed, {
  /**
   * What a client that begins to listen now is to be told first: to be made in the same step in which it subscribes, so that
   * nothing is missed between. Of the streams named, those that exist; else all that are live, the newest.
   */
  readonly snapshot: (named: ReadonlySet<string> | undefined) => Effect.Effect<() => string, LogUnavailable>
  /** Somebody listens to streams until the scope closes. */
  readonly listening: Effect.Effect<void, never, Scope.Scope>
}>()('millrace/edge/events/EventFeed') {
  static readonly layer = Layer.effect(
    EventFeed,
    Effect.gen(function* () {
      const changes = yield* StreamChanges
      const figures = yield* LiveFigures
      const past = yield* pastLookup
      const describe = (entry: StreamState) => describeStream(entry, figures.of(entry.streamId))
      const publish = yield* publisher
      yield* tellViewers(publish)
      const streams = yield* tellStreams(publish, describe)
      return EventFeed.of({
        listening: Effect.asVoid(Effect.acquireRelease(Effect.sync(streams.wake), () => Effect.sync(streams.sleep))),
        snapshot: (named) =>
          Effect.gen(function* () {
            const entries = yield* changes.all
            const gone = new Map<string, StreamState>()
            for (const id of named ?? []) {
              const found = entries.has(id) ? undefined : yield* past(id)
              if (found !== undefined) gone.set(id, found)
            }
            return () => JSON.stringify({ type: 'streams', streams: chosen(entries, gone, named).map(describe) })
          })
      })
    })
  ).pipe(Layer.provide(Layer.mergeAll(StreamChanges.layer, LiveFigures.layer, Viewers.layer)), Layer.provideMerge(EventLog.layer))
}

const chosen = (entries: ReadonlyMap<string, StreamState>, gone: ReadonlyMap<string, StreamState>, named: ReadonlySet<string> | undefined): ReadonlyArray<StreamState> => {
  if (named !== undefined) return [...named].flatMap((id) => entries.get(id) ?? gone.get(id) ?? [])
  return [...entries.values()].filter(({ status }) => status === StreamStatus.LIVE).toSorted((a, b) => Number(b.createdAtMs - a.createdAtMs)).slice(0, STREAMS_LISTED_MAX)
}

/** What the index of recordings knows; where it does not answer, such a stream is not there. */
const pastLookup = Effect.map(PastStreams, (past) => (id: string): Effect.Effect<StreamState | undefined> =>
  past.get(id).pipe(
    Effect.timeoutOrElse({ duration: PAST_STREAMS_MS_MAX, orElse: () => Effect.fail(`no answer within ${PAST_STREAMS_MS_MAX} ms`) }),
    Effect.catch((reason) => Effect.as(Effect.logDebug('a recording is not looked up', { reason }), undefined))
  ))

type Publish = (id: string, message: Readonly<Record<string, unknown>>, toPublisher?: boolean) => void

/** Publishes a message about a stream, encoded once; the events of its log go to those who named it. */
const publisher = Effect.gen(function* () {
  const { app } = yield* HttpServer
  const log = yield* EventLog
  const forget = log.onEvent(({ streamId, text }) => app.publish(streamTopic(streamId), text))
  yield* Effect.addFinalizer(() => Effect.sync(forget))
  const publish: Publish = (id, message, toPublisher = false) => {
    const topics = [ALL_TOPIC, streamTopic(id), ...(toPublisher ? [viewersTopic(id)] : [])].filter((topic) => app.numSubscribers(topic) > 0)
    if (topics.length === 0) return
    const text = JSON.stringify(message)
    for (const topic of topics) app.publish(topic, text)
  }
  return publish
})

/** Tells of viewers who come and go here, and of counts that change anywhere. */
const tellViewers = Effect.fnUntraced(function* (publish: Publish) {
  const figures = yield* LiveFigures
  const viewers = yield* Viewers
  const quota = new Quota(MOVES_TOLD_MAX)
  let counts: ReadonlyMap<string, number> = new Map()
  const forget = viewers.onMove(({ stream, key, came }) => {
    if (!quota.allows(stream, performance.now())) return
    publish(stream, { type: came ? 'viewerJoined' : 'viewerLeft', recordingId: stream, viewerId: key, viewerCount: figures.of(stream).viewers }, true)
  })
  yield* Effect.addFinalizer(() => Effect.sync(forget))
  const look = Effect.sync(() => {
    const before = counts
    counts = figures.viewed()
    for (const [id, count] of counts) if (before.get(id) !== count) publish(id, { type: 'viewerCount', recordingId: id, viewerCount: count }, true)
    for (const id of before.keys()) if (!counts.has(id)) publish(id, { type: 'viewerCount', recordingId: id, viewerCount: 0 }, true)
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(NEWS_LOOK_MS)))
})

/** Tells of streams that begin, change, end and go; looks at them only while somebody listens. */
const tellStreams = Effect.fnUntraced(function* (publish: Publish, describe: (entry: StreamState) => Readonly<Record<string, unknown>>) {
  const changes = yield* StreamChanges
  const figures = yield* LiveFigures
  const news = new StreamNews()
  let listeners = 0
  const lookAt = (id: string, entry: StreamState): void => {
    if (news.look(id, { entry, figures: figures.of(id) }, performance.now())) publish(id, { type: 'streamUpdated', stream: describe(entry) })
  }
  const forgets = [
    changes.onLife({
      started: ({ streamId, title }) => publish(streamId, { type: 'streamStarted', recordingId: streamId, title }),
      ended: (id) => publish(id, { type: 'streamEnded', recordingId: id })
    }),
    changes.onAny((id, entry) => {
      if (entry !== undefined) return listeners > 0 ? lookAt(id, entry) : undefined
      news.forget(id)
      publish(id, { type: 'streamRemoved', recordingId: id })
    })
  ]
  yield* Effect.addFinalizer(() => Effect.sync(() => forgets.forEach((forget) => forget())))
  const look = Effect.sync(() => {
    if (listeners === 0) return
    for (const id of news.watched(performance.now())) {
      const entry = changes.entry(id)
      if (entry !== undefined) lookAt(id, entry)
    }
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(NEWS_LOOK_MS)))
  return {
    wake: (): void => {
      listeners += 1
      if (listeners > 1) return
      // What there is, whoever comes is told in its first message.
      for (const id of changes.live()) {
        const entry = changes.entry(id)
        if (entry !== undefined) news.look(id, { entry, figures: figures.of(id) }, performance.now())
      }
    },
    sleep: (): void => {
      listeners -= 1
      if (listeners === 0) news.clear()
    }
  }
})
