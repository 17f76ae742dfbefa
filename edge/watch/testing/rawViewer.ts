import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A viewer on a bare TCP connection, which reads only while it is told to. */
export interface RawViewer {
  readonly socket: Socket
  readonly closed: () => boolean
}

/** Opens a socket to an edge and reads nothing. */
export const rawViewer = async (port: number, path: string): Promise<RawViewer> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let isClosed = false
  socket.on('close', () => (isClosed = true))
  socket.on('error', () => (isClosed = true))
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET /ws/watch/${path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`)
  return { socket, closed: () => isClosed }
}
