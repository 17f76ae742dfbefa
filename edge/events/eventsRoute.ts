import { Effect, FiberSet, Layer, Result, Schedule } from 'effect'
import type { Scope } from 'effect'
import type { WebSocketBehavior } from 'uWebSockets.js'
import { EdgeSettings } from '../EdgeSettings.ts'
import { Counters, type CountersShape } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { addressOf, rawQuery } from '../http/request.ts'
import { countCut } from '../http/socketCut.ts'
import { isOriginAllowed } from '../http/socketOrigin.ts'
import { RESPONSE_SWEEP_MS } from '../limits.ts'
import { EventFeed } from './EventFeed.ts'
import { EventLog } from './EventLog.ts'
import { EventPlaces } from './EventPlaces.ts'
import { CLOSE, type Connection, EventSocket } from './EventSocket.ts'
import { BACKPRESSURE_BYTES_MAX, FOLLOW_RETRY_MS, IDLE_S, PAYLOAD_BYTES_MAX } from './limits.ts'
import { readSubscription } from './subscription.ts'
import { ALL_TOPIC, streamTopic } from './topics.ts'

/** `/ws/events`, and `/ws/events?streams=a,b`: what happens to all streams, or to some. */
export const eventsRoute = Layer.effectDiscard(
  Effect.gen(function* () {
    const { app } = yield* HttpServer
    const { corsOrigins } = yield* EdgeSettings
    const { sockets: places } = yield* EventPlaces
    const counters = yield* Counters
    const follow = yield* follower
    const run = yield* FiberSet.makeRuntime<never, void, never>()
    const sockets = new Set<EventSocket>()
    const open = (socket: EventSocket, { query, origin, host }: Connection, address: string): void => {
      sockets.add(socket)
      socket.onEnd(() => sockets.delete(socket))
      if (!isOriginAllowed(corsOrigins, origin, host)) return socket.refuse(CLOSE.originRefused, 'pages of this origin may not connect')
      const named = readSubscription(query)
      if (Result.isFailure(named)) return socket.refuse(CLOSE.badMessage, named.failure)
      const giveBack = places.take(address)
      if (giveBack === undefined) return socket.refuse(CLOSE.tryLater, 'too many sockets follow events, of this address or in all')
      socket.onEnd(giveBack)
      const following = run(follow(socket, named.success))
      socket.onEnd(() => following.interruptUnsafe())
    }
    const sweep = Effect.sync(() => {
      for (const socket of [...sockets]) if (socket.cutIfStalled(performance.now())) counters.count('events_stalled')
    })
    yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(RESPONSE_SWEEP_MS)))
    yield* Effect.addFinalizer(() => Effect.sync(() => [...sockets].forEach((socket) => socket.end(CLOSE.goingAway, 'this edge is going away'))))
    app.ws<Connection>('/ws/events', behavior(open, counters))
  })
).pipe(Layer.provide(Layer.mergeAll(EventFeed.layer, EventLog.layer)), Layer.provideMerge(EventPlaces.layer))

const refusals = { [CLOSE.tryLater]: 'events_refused', [CLOSE.badMessage]: 'events_message_refused', [CLOSE.originRefused]: 'events_origin_refused' } as const

const behavior = (open: (socket: EventSocket, connection: Connection, address: string) => void, counters: CountersShape): WebSocketBehavior<Connection> => ({
  maxPayloadLength: PAYLOAD_BYTES_MAX,
  maxBackpressure: BACKPRESSURE_BYTES_MAX,
  closeOnBackpressureLimit: true,
  idleTimeout: IDLE_S,
  sendPingsAutomatically: true,
  upgrade: (res, req, context) => {
    const connection: Connection = { query: new URLSearchParams(rawQuery(req)), origin: req.getHeader('origin'), host: req.getHeader('host'), socket: undefined }
    res.upgrade(connection, req.getHeader('sec-websocket-key'), req.getHeader('sec-websocket-protocol'), req.getHeader('sec-websocket-extensions'), context)
  },
  open: (ws) => {
    const connection = ws.getUserData()
    connection.socket = new EventSocket(ws, (code) => counters.count(refusals[code]))
    open(connection.socket, connection, addressOf(ws))
  },
  message: (ws, message, isBinary) => ws.getUserData().socket?.hear(message, isBinary, performance.now()),
  close: (ws, code, message) => {
    countCut(counters, 'events', code, message)
    ws.getUserData().socket?.closed()
  }
})

/** Tells a socket what there is, then what happens, for as long as this runs. */
const follower = Effect.gen(function* () {
  const feed = yield* EventFeed
  const log = yield* EventLog
  const again = Schedule.spaced(FOLLOW_RETRY_MS)
  const followLog: Effect.Effect<void, never, Scope.Scope> = log.follow.pipe(
    Effect.tapError(({ reason }) => Effect.logDebug('events cannot be followed now', { reason })),
    Effect.retry(again),
    Effect.orDie,
    Effect.asVoid
  )
  return (socket: EventSocket, named: ReadonlySet<string> | undefined): Effect.Effect<void> =>
    Effect.gen(function* () {
      yield* feed.listening
      if (named !== undefined) yield* followLog
      const snapshot = yield* feed.snapshot(named)
      socket.begin(snapshot(), named === undefined ? [ALL_TOPIC] : [...named].map(streamTopic))
      yield* Effect.never
    }).pipe(
      Effect.catchTag('LogUnavailable', () => Effect.sync(() => socket.refuse(CLOSE.tryLater, 'the streams cannot be read now'))),
      Effect.catchDefect((defect) => Effect.andThen(Effect.logError('a socket of events broke off', defect), Effect.sync(() => socket.refuse(CLOSE.tryLater, 'this edge has a defect')))),
      Effect.scoped
    )
})
