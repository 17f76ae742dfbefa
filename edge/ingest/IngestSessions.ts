import { randomBytes } from 'node:crypto'
import { Context, Effect, FiberSet, Layer, Schedule } from 'effect'
import { newId } from '../../runtime/ids.ts'
import { Buckets } from '../../runtime/Bucket.ts'
import { Log } from '../../runtime/Log.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { ActorRoom } from './ActorRoom.ts'
import { ArchivedSoFar } from './ArchivedSoFar.ts'
import { FramePool } from './FramePool.ts'
import { IngestSettings, type IngestSettingsShape } from './IngestSettings.ts'
import { LogSpace } from './LogSpace.ts'
import { FREE_FRAME_BYTES_MAX, PIECE_BYTES_MAX, RECORD_OVERHEAD_BYTES, TICK_MS, WAITING_SHARE_OF_ADDRESS } from './limits.ts'
import { type Peer, PublisherSession, type SessionServices } from './PublisherSession.ts'
import { CLOSE, type Now } from './sessionState.ts'
import { StreamChanges } from './StreamChanges.ts'
import { UsedIds } from './UsedIds.ts'
import { WaitingSockets } from './WaitingSockets.ts'

/** How many sockets were closed with each code, and what the publishers of this edge hold now. */
export interface IngestFigures {
  /** Publishers, and sockets that have asked for nothing yet. */
  readonly connections: number
  readonly waiting: number
  /** Bytes received and not durable yet. */
  readonly unackedBytes: number
  readonly framesAcked: number
  /** Close code → sockets that the edge closed with it. */
  readonly closed: Readonly<Record<number, number>>
}

/** A connection that comes in. */
export interface Arrival {
  /** The client's network address. */
  readonly address: string
  /** Called once it has its stream. */
  readonly onConnected: (id: string) => void
}

const UNKNOWN: Arrival = { address: '', onConnected: () => undefined }

/** All publisher connections of this edge: each is the machine of `session.ts` with an interpreter around it. */
export class IngestSessions extends Context.Service<IngestSessions, {
  /** Takes a new connection, where another may have to go for it; `arrival` says where it comes from, and whom to tell when it publishes. */
  readonly connect: (peer: Peer, arrival?: Arrival) => PublisherSession
  /** Calls back with a text for every connection, until the returned function is called. */
  readonly onBroadcast: (send: (text: string) => void) => () => void
  readonly figures: () => IngestFigures
  /** Streams whose publishers are heard here. */
  readonly publishing: () => ReadonlyArray<string>
}>()('millrace/edge/ingest/IngestSessions') {
  static readonly layer = Layer.effect(
    IngestSessions,
    Effect.gen(function* () {
      const settings = yield* IngestSettings
      const services = yield* makeServices(settings)
      const sessions = new Set<PublisherSession>()
      const waiting = new WaitingSockets<PublisherSession>(settings.connectionsMax, Math.max(1, Math.floor(settings.connectionsMax * WAITING_SHARE_OF_ADDRESS)))
      yield* Effect.forkScoped(Effect.repeat(Effect.sync(() => tickAll(sessions)), Schedule.spaced(TICK_MS)))
      yield* Effect.addFinalizer(() => Effect.sync(() => shutdownAll(sessions)))
      const changes = yield* StreamChanges
      return IngestSessions.of({
        connect: (peer, { address, onConnected } = UNKNOWN) => {
          const session = new PublisherSession(peer, services, {
            onAsk: (asking) => waiting.leave(asking) && sessions.size - waiting.size <= settings.connectionsMax,
            onConnected,
            onEnd: (ended) => {
              sessions.delete(ended)
              waiting.leave(ended)
            }
          })
          sessions.add(session)
          waiting.enter(session, address)?.take({ _tag: 'Cut', code: CLOSE.tryLater, message: 'too many connections wait: begin with start or resume at once' })
          return session
        },
        onBroadcast: (send) =>
          changes.onLife({
            started: ({ streamId, title }) => send(JSON.stringify({ type: 'streamStarted', recordingId: streamId, title })),
            ended: (recordingId) => send(JSON.stringify({ type: 'streamEnded', recordingId }))
          }),
        publishing: () => [...sessions].flatMap(({ publishes }) => publishes ?? []),
        figures: () => ({ connections: sessions.size, waiting: waiting.size, ...services.figures, closed: Object.fromEntries(services.figures.closed) })
      })
    })
  )
}

const makeServices = Effect.fnUntraced(function* (settings: IngestSettingsShape) {
  const log = yield* Log
  const { node } = yield* RuntimeSettings
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const services: SessionServices = {
    log,
    streams: (yield* Buckets).streams,
    changes: yield* StreamChanges,
    space: yield* LogSpace,
    actors: yield* ActorRoom,
    wasUsed: yield* UsedIds,
    frames: new FramePool(FREE_FRAME_BYTES_MAX),
    archivedSoFar: yield* ArchivedSoFar,
    settings,
    run,
    figures: { unackedBytes: 0, framesAcked: 0, closed: new Map() },
    now,
    config: () => ({
      edge: node,
      freshId: newId(),
      freshToken: randomBytes(TOKEN_BYTES).toString('base64url'),
      pieceBytes: Math.min(PIECE_BYTES_MAX, log.messageBytesMax - RECORD_OVERHEAD_BYTES),
      settings
    })
  }
  return services
})

const TOKEN_BYTES = 32

const now = (): Now => ({ mono_ms: performance.now(), wall_ms: Date.now() })

const tickAll = (sessions: ReadonlySet<PublisherSession>): void => {
  for (const session of sessions) session.take({ _tag: 'Tick' })
}

const shutdownAll = (sessions: ReadonlySet<PublisherSession>): void => {
  for (const session of [...sessions]) session.take({ _tag: 'Cut', code: CLOSE.tryLater, message: 'this edge is going away: resume on another' })
}
