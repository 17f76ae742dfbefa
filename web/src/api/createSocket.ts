import { type Accessor, createSignal, onCleanup } from 'solid-js'
import { isFinalCode, isSilent, nextAttempt } from './reconnect.ts'

/** Where a socket stands: `away` waits for its next attempt, `over` makes none. */
export type SocketState = 'connecting' | 'open' | 'away' | 'over'

/** How a connection closed. */
export interface Closing {
  /** 1006 where nobody said one, also for connections that never opened. */
  readonly code: number
  readonly reason: string
  readonly wasOpen: boolean
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
  /** Bytes given to `send` that have not left the browser. */
  readonly unsent_bytes: () => number
  /** Tries at once instead of waiting for the next attempt. */
  readonly retryNow: () => void
  /** Ends it for good; no listener is called any more. */
  readonly close: () => void
}

const openWithin_ms = 8_000
const askEvery_ms = 10_000
const ping = JSON.stringify({ type: 'ping' })

/**
 * Opens a WebSocket to this page's host and opens it again after each loss, with growing pauses and some chance in them,
 * at once when the network comes back or the page is looked at again. It asks `ping` every 10 s and takes a connection
 * on which nothing comes back for lost. Ends with its owner, or by `close`.
 */
export const createSocket = (options: SocketOptions): Socket => {
  const { isFinal = isFinalCode } = options
  const [state, setState] = createSignal<SocketState>('connecting')
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let opened_ms: number | undefined
  let heard_ms = 0
  let asked_ms: number | undefined

  const lose = (code: number, reason: string): void => {
    forget()
    const openFor_ms = opened_ms === undefined ? undefined : performance.now() - opened_ms
    const final = isFinal(code)
    const next = nextAttempt(failures, { code, openFor_ms }, Math.random())
    failures = next.failures
    setState(final ? 'over' : 'away')
    if (!final) timer = setTimeout(connect, next.pause_ms)
    options.onClosed?.({ code, reason, wasOpen: openFor_ms !== undefined, isFinal: final })
  }
  const forget = (): void => {
    clearTimeout(timer)
    if (socket === undefined) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    socket = undefined
  }
  const ask = (): void => {
    if (isSilent(asked_ms, heard_ms)) return lose(1006, 'nothing came back')
    asked_ms = performance.now()
    socket?.send(ping)
    timer = setTimeout(ask, askEvery_ms)
  }
  const hear = ({ data }: MessageEvent<unknown>): void => {
    heard_ms = performance.now()
    if (typeof data === 'string') options.onText?.(data)
    else if (data instanceof ArrayBuffer) options.onBytes?.(data)
  }
  const connect = (): void => {
    forget()
    setState('connecting')
    opened_ms = undefined
    asked_ms = undefined
    const { protocol, host } = location
    socket = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}${options.path()}`)
    socket.binaryType = 'arraybuffer'
    timer = setTimeout(() => lose(1006, 'it did not open in time'), openWithin_ms)
    socket.onopen = () => {
      clearTimeout(timer)
      opened_ms = heard_ms = performance.now()
      timer = setTimeout(ask, askEvery_ms)
      setState('open')
      options.onOpen?.()
    }
    socket.onmessage = hear
    socket.onclose = ({ code, reason }) => lose(code, reason)
  }
  const retryNow = (): void => void (state() === 'away' && connect())
  const shown = (): void => void (document.hidden || retryNow())
  const close = (): void => {
    forget()
    setState('over')
    removeEventListener('online', retryNow)
    document.removeEventListener('visibilitychange', shown)
  }
  addEventListener('online', retryNow)
  document.addEventListener('visibilitychange', shown)
  onCleanup(close)
  connect()
  return {
    state,
    send: (data) => {
      if (socket?.readyState !== WebSocket.OPEN) return false
      socket.send(data)
      return true
    },
    unsent_bytes: () => socket?.bufferedAmount ?? 0,
    retryNow,
    close,
  }
}
