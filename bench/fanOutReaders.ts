/**
 * The viewers of the fan-out benchmark, a process of its own: bare TCP sockets, so that what a WebSocket library does for
 * each message is not part of what is measured. They count fragments, and tell the edge of each that all of them have.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { KIND } from '../edge/watch/watchFrame.ts'

/** What the parent orders. `reads`: they read, and each fragment is acknowledged once all of them have it. */
export type ReadersOrder =
  | { readonly _tag: 'Connect'; readonly port: number; readonly path: string; readonly sockets: number; readonly reads: boolean }
  | { readonly _tag: 'AckTo'; readonly port: number }
  | { readonly _tag: 'Leave' }

/** What it gets when that is done. */
export type ReadersAnswer = 'done'

/** RFC 6455 §5.2: a final binary frame, and lengths of 16 and 64 bits. */
const BINARY_FRAME = 0x82
/** An empty ping, and an empty pong with a mask of zeros (§5.5): who does not answer counts as dead after a while. */
const PING_FRAME = 0x89
const PONG = Uint8Array.of(0x8a, 0x80, 0, 0, 0, 0)
const LENGTH_16 = 126
const LENGTH_64 = 127
const HEADERS_END = '\r\n\r\n'

/** Counts the fragments in what one socket gets. */
class FragmentCount {
  readonly #onFragment: () => void
  readonly #onOpen: () => void
  readonly #onPing: () => void
  #isOpen = false
  #skip = 0
  #rest: Buffer = Buffer.alloc(0)

  constructor(onOpen: () => void, onPing: () => void, onFragment: () => void) {
    this.#onOpen = onOpen
    this.#onPing = onPing
    this.#onFragment = onFragment
  }

  take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = Buffer.alloc(0)
    if (!this.#isOpen) {
      const end = bytes.indexOf(HEADERS_END)
      if (end < 0) return void (this.#rest = bytes)
      this.#isOpen = true
      this.#onOpen()
      bytes = bytes.subarray(end + HEADERS_END.length)
    }
    let at = 0
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at)
        this.#skip -= skipped
        at += skipped
        continue
      }
      const begin = frameBegin(bytes, at)
      if (begin === undefined) break
      if (bytes[at] === BINARY_FRAME && bytes[begin.payload] === KIND.fragment) this.#onFragment()
      if (bytes[at] === PING_FRAME) this.#onPing()
      this.#skip = begin.length
      at = begin.payload
    }
    this.#rest = Buffer.from(bytes.subarray(at))
  }
}

/** Where the payload of the frame at `at` begins, and its length; undefined where that is not all there, with a byte of it unless it is empty. */
const frameBegin = (bytes: Buffer, at: number): { readonly payload: number; readonly length: number } | undefined => {
  const short = bytes[at + 1]
  if (short === undefined) return undefined
  const payload = at + (short === LENGTH_64 ? 10 : short === LENGTH_16 ? 4 : 2)
  if (bytes.length < payload) return undefined
  const length = short === LENGTH_64 ? Number(bytes.readBigUInt64BE(at + 2)) : short === LENGTH_16 ? bytes.readUInt16BE(at + 2) : short
  return length > 0 && bytes.length === payload ? undefined : { payload, length }
}

const sockets: Array<Socket> = []
let acks: Socket | undefined
let reading = 0
let fragments = 0
let acked = 0

const onFragment = (): void => {
  fragments += 1
  if (fragments < (acked + 1) * reading) return
  acked += 1
  acks?.write('.')
}

const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`

const connectOne = async (port: number, path: string, reads: boolean): Promise<void> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => socket.destroy())
  await once(socket, 'connect')
  sockets.push(socket)
  const opened = Promise.withResolvers<void>()
  const count = new FragmentCount(opened.resolve, () => void socket.write(PONG), onFragment)
  if (reads) socket.on('data', (chunk) => count.take(chunk))
  else {
    socket.pause()
    opened.resolve()
  }
  socket.write(upgrade(path))
  await opened.promise
}

const obey = async (order: ReadersOrder): Promise<void> => {
  if (order._tag === 'AckTo') {
    acks = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
    await once(acks, 'connect')
  }
  if (order._tag === 'Connect') {
    if (order.reads) [reading, fragments, acked] = [order.sockets, 0, 0]
    for (let index = 0; index < order.sockets; index++) await connectOne(order.port, order.path, order.reads)
  }
  if (order._tag === 'Leave') for (const socket of sockets.splice(0)) socket.destroy()
  const done: ReadersAnswer = 'done'
  process.send?.(done)
}

process.on('message', (order: ReadersOrder) => void obey(order))
process.on('disconnect', () => process.exit(0))
