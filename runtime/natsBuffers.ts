import type { Socket } from 'node:net'
import type { NatsConnection } from 'nats'

/** What the client keeps to itself, as far as it is needed here. */
interface Outgoing {
  readonly protocol: {
    flushPending: () => void
    readonly infoReceived: boolean
    readonly connected: boolean
    readonly outbound: { readonly buffers: Array<Uint8Array>; readonly reset: () => void }
    readonly transport: { readonly socket: Socket | undefined }
  }
}

/**
 * Hands what is published to the socket piece by piece, in one `writev`. The client itself first joins everything that
 * waits into one new buffer: another copy of all media, and allocations outside the heap whose collection took more
 * processor time at an edge than everything else together.
 *
 * The buffers of a message belong to the socket until it has taken them, so they must not change before the server
 * has answered.
 */
export const writeWithoutJoining = (connection: NatsConnection): void => {
  const { protocol } = connection as unknown as Outgoing
  protocol.flushPending = () => {
    const { outbound, transport: { socket } } = protocol
    if (!protocol.infoReceived || !protocol.connected || socket === undefined || outbound.buffers.length === 0) return
    socket.cork()
    for (const buffer of outbound.buffers) socket.write(buffer)
    outbound.reset()
    socket.uncork()
  }
}
