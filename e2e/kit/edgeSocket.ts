/** The socket of a publisher, one connection: messages, answers, and how it ended. */
import { WebSocket } from 'ws'

/** The edge refused, or the connection ended and was not to be resumed. */
export class PublishingEnded extends Error {
  override readonly name = 'PublishingEnded'
  /** WebSocket close code; 0 when no connection came about. */
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** A message of the edge, as it came. */
export type EdgeMessage = { readonly type: string } & { readonly [field: string]: unknown }

const socketUrl = (edge: string): string => new URL('/ws/stream', edge).href.replace(/^http/, 'ws')

const parse = (text: string): EdgeMessage => JSON.parse(text) as EdgeMessage

/** A mask of zeros (RFC 6455 §5.3) is a mask, and costs this client nothing; masks protect proxies, and there are none here. */
const noMask = (mask: Buffer): void => void mask.fill(0)

/** A connection to an edge's `/ws/stream` and the answers it waits for. */
export class EdgeSocket {
  readonly socket: WebSocket
  readonly closed: Promise<PublishingEnded>
  private readonly waiting = new Map<string, (message: EdgeMessage) => void>()

  /** With `answerWithin_ms`, an edge that does not answer the connection in that time counts as gone. */
  constructor(edge: string, onMessage: (message: EdgeMessage) => void, answerWithin_ms?: number) {
    this.socket = new WebSocket(socketUrl(edge), {
      perMessageDeflate: false,
      generateMask: noMask,
      ...(answerWithin_ms === undefined ? {} : { handshakeTimeout: answerWithin_ms }),
    })
    let refusal = ''
    this.closed = new Promise((resolve) => {
      this.socket.on('error', (error) => (refusal ||= error.message))
      this.socket.on('close', (code, reason) =>
        resolve(new PublishingEnded(code === 1006 ? 0 : code, refusal || reason.toString() || `closed with ${code}`)),
      )
    })
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) return
      const message = parse(data.toString())
      if (message.type === 'error') refusal = `${String(message['code'])}: ${String(message['message'])}`
      onMessage(message)
      this.waiting.get(message.type)?.(message)
      this.waiting.delete(message.type)
    })
  }

  readonly opened = (): Promise<void> =>
    Promise.race([
      new Promise<void>((resolve) => this.socket.once('open', () => resolve())),
      this.closed.then((ended) => Promise.reject(ended)),
    ])

  /** Sends a message and waits for the answer of that type. */
  readonly ask = (message: object, answer: string): Promise<EdgeMessage> => {
    const answered = new Promise<EdgeMessage>((resolve) => this.waiting.set(answer, resolve))
    this.socket.send(JSON.stringify(message))
    return Promise.race([answered, this.closed.then((ended) => Promise.reject(ended))])
  }
}

/** Whether coming back after this close code is pointless. */
export const isFinal = (code: number): boolean => code === 1009 || (code >= 4400 && code < 4500)
