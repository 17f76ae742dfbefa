import type { Socket } from 'node:net'
import type { NatsConnection } from 'nats'

/** What the client keeps to itself, as far as it is needed here. */
interface Internals {
  readonly protocol: {
    flushPending: () => void
    readonly infoReceived: boolean
    readonly connected: boolean
    readonly outbound: { readonly buffers: Array<Uint8Array>; readonly reset: () => void }
    readonly transport: { readonly socket: Socket | undefined }
    readonly parser: Incoming
  }
}

/** The client's parser. While a message comes in several reads, `msgBuf` holds what has come of the `ma.size` bytes. */
interface Incoming {
  parse: (bytes: Uint8Array) => void
  readonly ma: { readonly size: number }
  readonly msgBuf: { _buf: Uint8Array; readonly capacity: number; readonly length: number } | undefined
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
  const { protocol } = connection as unknown as Internals
  protocol.flushPending = () => {
    const { outbound, transport: { socket } } = protocol
    if (!protocol.infoReceived || !protocol.connected || socket === undefined || outbound.buffers.length === 0) return
    socket.cork()
    for (const buffer of outbound.buffers) socket.write(buffer)
    outbound.reset()
    socket.uncork()
  }
}

const sized = new WeakSet<Incoming>()

/**
 * Gives a message that comes in several reads a buffer of its size at once. The client itself lets one grow read by
 * read, which copies it twice over and keeps half as much again for as long as the message is held. This holds for all
 * connections of the process, since the client makes a new parser at each reconnection.
 */
export const readWithoutGrowing = (connection: NatsConnection): void => {
  const parsers = Object.getPrototypeOf((connection as unknown as Internals).protocol.parser) as Incoming
  if (sized.has(parsers)) return
  sized.add(parsers)
  const { parse } = parsers
  parsers.parse = function (this: Incoming, bytes: Uint8Array): void {
    parse.call(this, bytes)
    const { msgBuf, ma } = this
    if (msgBuf === undefined || msgBuf.capacity >= ma.size) return
    const whole = new Uint8Array(Buffer.allocUnsafeSlow(ma.size).buffer)
    whole.set(msgBuf._buf)
    msgBuf._buf = whole.subarray(0, msgBuf.length)
  }
}
