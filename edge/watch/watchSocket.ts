import { Result } from 'effect'
import type { TemplatedApp, WebSocketBehavior } from 'uWebSockets.js'
import type { CountersShape } from '../http/Counters.ts'
import { rawQuery } from '../http/request.ts'
import { countCut } from '../http/socketCut.ts'
import { HEARTBEAT_S, PAYLOAD_BYTES_MAX, QUEUE_BYTES_MAX } from './limits.ts'
import { CLOSE } from './messages.ts'
import type { Watcher } from './Audience.ts'
import type { Watching } from './Watching.ts'
import { readWatchRequest, type Refusal, type Wanted } from './watchRequest.ts'

/** Path of the watch socket, as uWebSockets.js reads it. */
const WATCH_PATTERN = '/ws/watch/:id'

interface Connection {
  readonly request: Result.Result<Wanted, Refusal>
  watcher: Watcher | undefined
  isClosed: boolean
}

/** Puts the watch socket on the app. A message above `PAYLOAD_BYTES_MAX` is not received: uWebSockets.js cuts the socket without a close frame. */
export const watchSocket = (app: TemplatedApp, watching: Watching['Service'], corsOrigins: ReadonlyArray<string>, counters: CountersShape): void => {
  app.ws<Connection>(WATCH_PATTERN, behavior(watching, corsOrigins, counters))
}

const behavior = (watching: Watching['Service'], corsOrigins: ReadonlyArray<string>, counters: CountersShape): WebSocketBehavior<Connection> => ({
  maxPayloadLength: PAYLOAD_BYTES_MAX,
  maxBackpressure: QUEUE_BYTES_MAX,
  closeOnBackpressureLimit: false,
  idleTimeout: HEARTBEAT_S,
  sendPingsAutomatically: true,
  upgrade: (res, req, context) => {
    const request = readWatchRequest({ id: req.getParameter(0) ?? '', query: rawQuery(req), origin: req.getHeader('origin'), host: req.getHeader('host') }, corsOrigins)
    const [key, protocol, extensions] = ['sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-extensions'].map((name) => req.getHeader(name))
    res.upgrade<Connection>({ request, watcher: undefined, isClosed: false }, key ?? '', protocol ?? '', extensions ?? '', context)
  },
  open: (ws) => {
    const connection = ws.getUserData()
    if (Result.isFailure(connection.request)) {
      const { code, reason } = connection.request.failure
      counters.count(code === CLOSE.originRefused ? 'viewer_origin_refused' : 'viewer_message_refused')
      return ws.end(code, reason)
    }
    const watcher = watching.connect(ws, { ...connection.request.success, address: Buffer.from(ws.getRemoteAddressAsText()).toString('latin1') })
    // It may have been ended at once: nobody else tells the watcher then.
    if (connection.isClosed) watcher?.left()
    else connection.watcher = watcher
  },
  message: (ws, message, isBinary) => {
    const { watcher } = ws.getUserData()
    watcher?.heard(isBinary ? { _tag: 'Binary' } : { _tag: 'Text', text: Buffer.from(message).toString('utf8') })
  },
  dropped: (ws, message, isBinary) => {
    if (isBinary) ws.getUserData().watcher?.overflowed(new Uint8Array(message))
  },
  drain: (ws) => ws.getUserData().watcher?.drained(),
  close: (ws, code, message) => {
    const connection = ws.getUserData()
    const { watcher } = connection
    countCut(counters, 'viewer', code, message)
    connection.isClosed = true
    connection.watcher = undefined
    watcher?.left()
  }
})
