import { randomBytes } from 'node:crypto'
import { Context, Effect, FiberSet, Layer, Schedule } from 'effect'
import { newId } from '../../runtime/ids.ts'
import { Buckets } from '../../runtime/Bucket.ts'
import { Log } from '../../runtime/Log.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { ArchivedSoFar } from './ArchivedSoFar.ts'
import { FramePool } from './FramePool.ts'
import { IngestSettings, type IngestSettingsShape } from './IngestSettings.ts'
import { LogSpace } from './LogSpace.ts'
import { FREE_FRAME_BYTES_MAX, PIECE_BYTES_MAX, RECORD_OVERHEAD_BYTES, TICK_MS } from './limits.ts'
import { type Peer, PublisherSession, type SessionServices } from './PublisherSession.ts'
import { CLOSE, type Now } from './sessionState.ts'
import { StreamChanges } from './StreamChanges.ts'

/** How many sockets were closed with each code, and what the publishers of this edge hold now. */
export interface IngestFigures {
  readonly connections: number
  /** Bytes received and not durable yet. */
  readonly unackedBytes: number
  readonly framesAcked: number
  /** Close code → sockets that the edge closed with it. */
  readonly closed: Readonly<Record<number, number>>
}

/** All publisher connections of this edge: each is the machine of `session.ts` with an interpreter around it. */
export class IngestSessions extends Context.Service<IngestSessions, {
  /** Takes a new connection; undefined where the edge has as many as it may have, and the peer was told. */
  readonly connect: (peer: Peer) => PublisherSession | undefined
  /** Calls back with a text for every connection, until the returned function is called. */
  readonly onBroadcast: (send: (text: string) => void) => () => void
  readonly figures: () => IngestFigures
}>()('millrace/edge/ingest/IngestSessions') {
  static readonly layer = Layer.effect(
    IngestSessions,
    Effect.gen(function* () {
      const settings = yield* IngestSettings
      const services = yield* makeServices(settings)
      const sessions = new Set<PublisherSession>()
      yield* Effect.forkScoped(Effect.repeat(Effect.sync(() => tickAll(sessions)), Schedule.spaced(TICK_MS)))
      yield* Effect.addFinalizer(() => Effect.sync(() => shutdownAll(sessions)))
      const changes = yield* StreamChanges
      return IngestSessions.of({
        connect: (peer) => {
          if (sessions.size >= settings.connectionsMax) return refusePeer(peer, services)
          const session = new PublisherSession(peer, services, () => sessions.delete(session))
          sessions.add(session)
          return session
        },
        onBroadcast: (send) =>
          changes.onLife({
            started: ({ streamId, title }) => send(JSON.stringify({ type: 'streamStarted', recordingId: streamId, title })),
            ended: (recordingId) => send(JSON.stringify({ type: 'streamEnded', recordingId }))
          }),
        figures: () => ({ connections: sessions.size, ...services.figures, closed: Object.fromEntries(services.figures.closed) })
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

const refusePeer = (peer: Peer, { figures }: SessionServices): undefined => {
  const message = 'this edge has as many publishers as it may have'
  peer.send(JSON.stringify({ type: 'error', code: CLOSE.tryLater, message }))
  peer.close(CLOSE.tryLater, message)
  figures.closed.set(CLOSE.tryLater, (figures.closed.get(CLOSE.tryLater) ?? 0) + 1)
  return undefined
}
