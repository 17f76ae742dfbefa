import type { TemplatedApp, WebSocket, WebSocketBehavior } from 'uWebSockets.js'
import { viewersTopic } from '../events/topics.ts'
import { BACKPRESSURE_BYTES_MAX, CLOSE_REASON_BYTES_MAX, PAYLOAD_BYTES_MAX } from './limits.ts'
import type { CountersShape } from '../http/Counters.ts'
import { countCut } from '../http/socketCut.ts'
import { isOriginAllowed } from '../http/socketOrigin.ts'
import type { IngestSessions } from './IngestSessions.ts'
import type { IngestSettingsShape } from './IngestSettings.ts'
import type { Peer, PublisherSession } from './PublisherSession.ts'
import { CLOSE } from './sessionState.ts'

/** Path of the ingest socket. */
const INGEST_PATH = '/ws/stream'
const TOPIC = 'ingest'

/** What uWebSockets.js takes as idle timeout, seconds. */
const IDLE_S_MIN = 8
const IDLE_S_MAX = 960

interface Connection {
  readonly isOriginAllowed: boolean
  session: PublisherSession | undefined
  socket: SocketPeer | undefined
}

/** What of its edge the ingest socket needs. */
export interface IngestSurroundings {
  /** Origins of pages that may publish, beside those of this edge. */
  readonly corsOrigins: ReadonlyArray<string>
  readonly counters: CountersShape
  /** How many watch a stream now, at all edges. */
  readonly viewersOf: (id: string) => number
}

/**
 * Puts the ingest socket on the app. A frame that is too big closes with 1009; one above `PAYLOAD_BYTES_MAX` is not
 * even received: uWebSockets.js then cuts the socket without a close frame. Returns how to stop broadcasting.
 */
export const ingestSocket = (app: TemplatedApp, sessions: IngestSessions['Service'], settings: IngestSettingsShape, surroundings: IngestSurroundings): (() => void) => {
  app.ws<Connection>(INGEST_PATH, behavior(sessions, settings, surroundings))
  return sessions.onBroadcast((text) => app.publish(TOPIC, text))
}

const behavior = (sessions: IngestSessions['Service'], settings: IngestSettingsShape, { corsOrigins, counters, viewersOf }: IngestSurroundings): WebSocketBehavior<Connection> => ({
  maxPayloadLength: PAYLOAD_BYTES_MAX,
  maxBackpressure: BACKPRESSURE_BYTES_MAX,
  closeOnBackpressureLimit: true,
  idleTimeout: Math.min(IDLE_S_MAX, Math.max(IDLE_S_MIN, Math.round(settings.heartbeat_ms / 1000))),
  sendPingsAutomatically: true,
  upgrade: (res, req, context) => {
    const connection: Connection = { isOriginAllowed: isOriginAllowed(corsOrigins, req.getHeader('origin'), req.getHeader('host')), session: undefined, socket: undefined }
    const [key, protocol, extensions] = ['sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-extensions'].map((name) => req.getHeader(name))
    res.upgrade(connection, key ?? '', protocol ?? '', extensions ?? '', context)
  },
  open: (ws) => {
    const connection = ws.getUserData()
    const socket = new SocketPeer(ws)
    connection.socket = socket
    if (!connection.isOriginAllowed) {
      counters.count('publisher_origin_refused')
      return socket.close(CLOSE.originRefused, 'pages of this origin may not publish here')
    }
    connection.session = sessions.connect(socket, {
      address: Buffer.from(ws.getRemoteAddressAsText()).toString('latin1'),
      onConnected: (id) => {
        socket.subscribe(id)
        socket.send(JSON.stringify({ type: 'viewerCount', recordingId: id, viewerCount: viewersOf(id) }))
      }
    })
  },
  message: (ws, message, isBinary) => {
    const { session } = ws.getUserData()
    if (session === undefined || !session.admits(message.byteLength)) return
    if (!isBinary) return session.take({ _tag: 'Text', text: Buffer.from(message).toString('utf8') })
    session.takeFrame(message)
  },
  drain: (ws) => ws.getUserData().session?.drained(),
  close: (ws, code, message) => {
    const { session, socket } = ws.getUserData()
    countCut(counters, 'publisher', code, message)
    socket?.closed()
    session?.take({ _tag: 'Gone' })
  }
})

/** A socket that may be used after it has closed. */
class SocketPeer implements Peer {
  #ws: WebSocket<Connection> | undefined

  constructor(ws: WebSocket<Connection>) {
    this.#ws = ws
  }

  readonly send = (text: string): void => {
    this.#ws?.send(text)
  }

  readonly close = (code: number, reason: string): void => {
    const ws = this.#ws
    this.#ws = undefined
    ws?.end(code, shorten(reason))
  }

  /** What everybody who publishes hears is for this one too, and who watches its stream. */
  readonly subscribe = (id: string): void => {
    this.#ws?.subscribe(TOPIC)
    this.#ws?.subscribe(viewersTopic(id))
  }

  readonly bufferedBytes = (): number => this.#ws?.getBufferedAmount() ?? 0

  closed(): void {
    this.#ws = undefined
  }
}

const shorten = (reason: string): string => {
  const bytes = Buffer.from(reason)
  return bytes.length <= CLOSE_REASON_BYTES_MAX ? reason : new TextDecoder().decode(bytes.subarray(0, CLOSE_REASON_BYTES_MAX - 3)).replace(/\uFFFD$/, '')
}
