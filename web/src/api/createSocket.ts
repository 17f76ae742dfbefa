import { type Accessor, createSignal, onCleanup } from 'solid-js'
import { isFinalCode, isSilent, nextAttempt } from './reconnect.ts'
import { socketUrl } from './socketUrl.ts'

/** Where a socket stands: `away` waits for its next attempt, `over` makes none. */
export type SocketState = 'connecting' | 'open' | 'away' | 'over'

/** How a connection closed. */
export interface Closing {
  /** 1006 where nobody said one, also for connections that never opened. */
  readonly code: number
  readonly reason: string
  /** No further attempt is made. */
  readonly isFinal: boolean
}

/** Where a socket leads and who listens. Each listener is called from outside of Solid's tracking. */
export interface SocketOptions {
  /** Path and query on this page's own host, for instance `/ws/events`; asked anew at each attempt. */
  readonly path: () => string
  /** A connection has opened: the first one, or one that comes after a loss. */
  readonly onOpen?: () => void
  readonly onText?: (text: string) => void
  readonly onBytes?: (bytes: ArrayBuffer) => void
  readonly onClosed?: (closing: Closing) => void
  /** Which close codes end it for good; default: 1000 and 44xx. */
  readonly isFinal?: (code: number) => boolean
}

/** A WebSocket that comes back by itself. */
export interface Socket {
  readonly state: Accessor<SocketState>
  /** Sends now. `false`: there is no open connection, and nothing was sent or kept. */
  readonly send: (data: string | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob) => boolean
  /** Ends it for good; no listener is called any more. */
  readonly close: () => void
}

const openWithin_ms = 8_000
const askEvery_ms = 10_000
const ping = JSON.stringify({ type: 'ping' })

/** One connection after the other to the same place. */
class Reconnection {
  readonly #options: SocketOptions
  readonly #setState: (state: SocketState) => void
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #opened_ms: number | undefined
  #heard_ms = 0
  #asked_ms: number | undefined

  constructor(options: SocketOptions, setState: (state: SocketState) => void) {
    this.#options = options
    this.#setState = setState
  }

  connect(): void {
    this.close()
    this.#setState('connecting')
    this.#opened_ms = this.#asked_ms = undefined
    const socket = new WebSocket(socketUrl(this.#options.path()))
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.#opened()
    socket.onmessage = (message) => this.#hear(message)
    socket.onclose = ({ code, reason }) => this.#lose(code, reason)
    this.#socket = socket
    this.#timer = setTimeout(() => this.#lose(1006, 'it did not open in time'), openWithin_ms)
  }

  send(data: Parameters<WebSocket['send']>[0]): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(data)
    return true
  }

  /** Leaves the connection that there is; nothing of it is heard any more. */
  close(): void {
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (socket === undefined) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    this.#socket = undefined
  }

  #opened(): void {
    clearTimeout(this.#timer)
    this.#opened_ms = this.#heard_ms = performance.now()
    this.#timer = setTimeout(() => this.#ask(), askEvery_ms)
    this.#setState('open')
    this.#options.onOpen?.()
  }

  #hear({ data }: MessageEvent<unknown>): void {
    this.#heard_ms = performance.now()
    if (typeof data === 'string') this.#options.onText?.(data)
    else if (data instanceof ArrayBuffer) this.#options.onBytes?.(data)
  }

  #ask(): void {
    if (isSilent(this.#asked_ms, this.#heard_ms)) return this.#lose(1006, 'nothing came back')
    this.#asked_ms = performance.now()
    this.#socket?.send(ping)
    this.#timer = setTimeout(() => this.#ask(), askEvery_ms)
  }

  #lose(code: number, reason: string): void {
    this.close()
    const { isFinal = isFinalCode, onClosed } = this.#options
    const openFor_ms = this.#opened_ms === undefined ? undefined : performance.now() - this.#opened_ms
    const final = isFinal(code)
    const next = nextAttempt(this.#failures, { code, openFor_ms }, Math.random())
    this.#failures = next.failures
    this.#setState(final ? 'over' : 'away')
    if (!final) this.#timer = setTimeout(() => this.connect(), next.pause_ms)
    onClosed?.({ code, reason, isFinal: final })
  }
}

/**
 * Opens a WebSocket to this page's host and opens it again after each loss, with growing pauses and some chance in them,
 * at once when the network comes back or the page is looked at again. It asks `ping` every 10 s and takes a connection
 * on which nothing comes back for lost. Ends with its owner, or by `close`.
 */
export const createSocket = (options: SocketOptions): Socket => {
  const [state, setState] = createSignal<SocketState>('connecting')
  const reconnection = new Reconnection(options, setState)
  const retryNow = (): void => void (state() === 'away' && reconnection.connect())
  const shown = (): void => void (document.hidden || retryNow())
  const close = (): void => {
    reconnection.close()
    setState('over')
    removeEventListener('online', retryNow)
    document.removeEventListener('visibilitychange', shown)
  }
  addEventListener('online', retryNow)
  document.addEventListener('visibilitychange', shown)
  onCleanup(close)
  reconnection.connect()
  return { state, send: (data) => reconnection.send(data), close }
}
