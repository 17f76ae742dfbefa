import { socketUrl } from '../api/socketUrl.ts'
import { ingestPath, readEdgeMessage } from './messages.ts'
import type { PublishingAction, PublishingEvent } from './publishingState.ts'

/** The connections of one publisher, by number. */
export interface IngestSockets {
  /** Does what is to be done with a connection; what comes of it is told as an event. */
  readonly perform: (action: Extract<PublishingAction, { readonly connection: number }>) => void
  readonly close: () => void
}

/** Connections to whichever edge the address leads to. */
export const ingestSockets = (tell: (event: PublishingEvent) => void): IngestSockets => {
  const sockets = new Map<number, WebSocket>()
  const connect = (connection: number): void => {
    const socket = new WebSocket(socketUrl(ingestPath))
    sockets.set(connection, socket)
    socket.addEventListener('open', () => tell({ kind: 'opened', connection }))
    socket.addEventListener('message', ({ data }) => tell({ kind: 'message', connection, message: readEdgeMessage(String(data)) }))
    socket.addEventListener('close', ({ code, reason }) => {
      sockets.delete(connection)
      tell({ kind: 'closed', connection, code, reason })
    })
  }
  return {
    perform: (action) => {
      if (action.kind === 'connect') return connect(action.connection)
      const socket = sockets.get(action.connection)
      if (action.kind === 'disconnect') return socket?.close()
      if (socket?.readyState !== WebSocket.OPEN) return
      socket.send(action.kind === 'send' ? action.bytes : JSON.stringify(action.message))
    },
    close: () => {
      for (const socket of sockets.values()) socket.close()
    },
  }
}
