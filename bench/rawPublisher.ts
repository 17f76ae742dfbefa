/**
 * A publisher for load: a plain TCP socket that writes one frame, made and masked once, over and over. Whatever a
 * WebSocket library would do for each message is then not part of what is measured.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** RFC 6455 §5.2: final frame with text, with bytes; the bit that says masked. */
const textFrame = 0x81
const binaryFrame = 0x82
const masked = 0x80
const mask = new Uint8Array([0x5a, 0xc3, 0x17, 0x8e])

/** One whole masked frame (RFC 6455 §5.2) around `payload`, which has less than 2^32 bytes. */
export const clientFrame = (payload: Uint8Array, kind: 'text' | 'binary'): Buffer => {
  const length = payload.length
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + lengthBytes + mask.length + length)
  frame[0] = kind === 'text' ? textFrame : binaryFrame
  frame[1] = masked | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.set(mask, 2 + lengthBytes)
  const body = frame.subarray(2 + lengthBytes + mask.length)
  for (const [index, byte] of payload.entries()) body[index] = byte ^ (mask[index & 3] ?? 0)
  return frame
}

interface Heard {
  readonly type: string
  readonly recordingId?: string
  readonly seq?: number
  readonly message?: string
}

/** The answers of an edge: unmasked text frames of less than 64 KiB. */
class Answers {
  private bytes: Buffer = Buffer.alloc(0)
  private readonly onMessage: (message: Heard) => void

  constructor(onMessage: (message: Heard) => void) {
    this.onMessage = onMessage
  }

  take(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    for (let end = this.frameEnd(); end !== undefined; end = this.frameEnd()) {
      const begin = (this.bytes[1] ?? 0) === 126 ? 4 : 2
      if (this.bytes[0] === textFrame) this.onMessage(JSON.parse(this.bytes.toString('utf8', begin, end)) as Heard)
      this.bytes = this.bytes.subarray(end)
    }
  }

  private frameEnd(): number | undefined {
    if (this.bytes.length < 4) return undefined
    const short = this.bytes[1] ?? 0
    const end = short === 126 ? 4 + this.bytes.readUInt16BE(2) : 2 + short
    return this.bytes.length < end ? undefined : end
  }
}

/** One stream being published, one frame in flight. */
export interface RawPublisher {
  readonly recordingId: string
  /** Sends a frame of `clientFrame` so many times, each behind the acknowledgement of the one before. Rejects when the socket ends. */
  readonly sendOneByOne: (frame: Buffer, times: number) => Promise<void>
  readonly leave: () => void
}

const handshake = async (socket: Socket, { host, pathname }: URL): Promise<void> => {
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  // The edge says nothing behind its answer before it is spoken to.
  const [answer] = (await once(socket, 'data')) as [Buffer]
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${answer.toString('latin1')}`)
}

/** Connects to an edge, for instance `http://127.0.0.1:8080`, and starts a stream. */
export const startRawPublisher = async (edge: string): Promise<RawPublisher> => {
  const url = new URL('/ws/stream', edge)
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  await once(socket, 'connect')
  await handshake(socket, url)
  let heard = (_message: Heard): void => undefined
  let failed = (_why: Error): void => undefined
  const answers = new Answers((message) => (message.type === 'error' ? failed(new Error(message.message)) : heard(message)))
  socket.on('data', (chunk) => answers.take(chunk))
  socket.on('error', (error) => failed(error))
  socket.on('close', () => failed(new Error('the edge closed the socket')))
  const started = await new Promise<Heard>((resolve, reject) => {
    failed = reject
    heard = (message) => message.type === 'started' && resolve(message)
    socket.write(clientFrame(Buffer.from(JSON.stringify({ type: 'start', mimeType: 'video/webm' })), 'text'))
  })
  let sent = 0
  return {
    recordingId: started.recordingId ?? '',
    sendOneByOne: (frame, times) =>
      new Promise((resolve, reject) => {
        const last = sent + times
        const send = (): void => {
          if (sent === last) return resolve()
          sent += 1
          socket.write(frame)
        }
        failed = reject
        heard = ({ type, seq }) => {
          if (type !== 'ack') return
          if (seq !== sent - 1) return reject(new Error(`frame ${sent - 1} was awaited, ${seq} acknowledged`))
          send()
        }
        send()
      }),
    leave: () => void socket.destroy(),
  }
}
