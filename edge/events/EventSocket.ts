import { Result, Schema } from 'effect'
import type { WebSocket } from 'uWebSockets.js'
import { RESPONSE_STALL_MS } from '../limits.ts'
import { MESSAGES_PER_SECOND_MAX, TEXT_BYTES_MAX } from './limits.ts'
import { Quota } from './Quota.ts'

/** Close codes of the contract. */
export const CLOSE = { goingAway: 1001, tryLater: 1013, badMessage: 4400, originRefused: 4403 } as const

/** Those with which a client is refused. */
export type Refused = Exclude<(typeof CLOSE)[keyof typeof CLOSE], typeof CLOSE.goingAway>

/** What the upgrade knows, for when the socket is open. */
export interface Connection {
  readonly query: URLSearchParams
  readonly origin: string
  readonly host: string
  socket: EventSocket | undefined
}

const Ping = Schema.fromJsonString(Schema.Struct({ type: Schema.Literal('ping') }))
const isPing = Schema.decodeUnknownResult(Ping)
const PONG = JSON.stringify({ type: 'pong' })

/** One client of `/ws/events`. Everything may be called after it has closed, and does nothing then. */
export class EventSocket {
  readonly #quota = new Quota(MESSAGES_PER_SECOND_MAX)
  readonly #onEnd: Array<() => void> = []
  readonly #onRefused: (code: Refused) => void
  #ws: WebSocket<Connection> | undefined
  #unread_bytes = 0
  #progress_ms = performance.now()

  constructor(ws: WebSocket<Connection>, onRefused: (code: Refused) => void) {
    this.#ws = ws
    this.#onRefused = onRefused
  }

  /** Calls back once it has closed; at once where it has. */
  onEnd(callback: () => void): void {
    if (this.#ws === undefined) callback()
    else this.#onEnd.push(callback)
  }

  /** Sends what there is, and from then on what is published on the topics. */
  begin(text: string, topics: ReadonlyArray<string>): void {
    this.#ws?.send(text)
    for (const topic of topics) this.#ws?.subscribe(topic)
  }

  /** The client has said something: a `ping` is all that it may. */
  hear(message: ArrayBuffer, isBinary: boolean, now_ms: number): void {
    if (!this.#quota.allows('', now_ms)) return this.refuse(CLOSE.badMessage, `a client may send ${MESSAGES_PER_SECOND_MAX} messages in a second`)
    if (isBinary) return this.refuse(CLOSE.badMessage, 'a binary message is not understood')
    if (message.byteLength > TEXT_BYTES_MAX) return this.refuse(CLOSE.badMessage, `a message may have ${TEXT_BYTES_MAX} bytes`)
    if (Result.isFailure(isPing(Buffer.from(message).toString('utf8')))) return this.refuse(CLOSE.badMessage, 'unknown message; known is {"type":"ping"}')
    this.#ws?.send(PONG)
  }

  /** Tells the client why, twice: as a message, and in the close frame. */
  refuse(code: Refused, message: string): void {
    if (this.#ws !== undefined) this.#onRefused(code)
    this.#ws?.send(JSON.stringify({ type: 'error', code, message }))
    this.#ws?.end(code, message)
  }

  end(code: number, reason: string): void {
    this.#ws?.end(code, reason)
  }

  /** Cuts a client that has read nothing for too long; says whether it did. */
  cutIfStalled(now_ms: number): boolean {
    const unread_bytes = this.#ws?.getBufferedAmount() ?? 0
    if (unread_bytes === 0 || unread_bytes < this.#unread_bytes) this.#progress_ms = now_ms
    this.#unread_bytes = unread_bytes
    if (now_ms - this.#progress_ms < RESPONSE_STALL_MS) return false
    this.#ws?.close()
    return true
  }

  closed(): void {
    this.#ws = undefined
    for (const callback of this.#onEnd) callback()
  }
}
