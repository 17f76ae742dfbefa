import type { NatsSide } from './NatsSide.ts'
import { travel_ms } from './request.ts'

/** What a reader reads, and how. */
export interface ReaderOptions<Message> {
  readonly from: number
  /** Reads only after `more`. */
  readonly manual: boolean
  /** Messages of the server from a place on. */
  readonly fetch: (cursor: number, limit: number) => ReadonlyArray<Message>
  /** The place behind a message. */
  readonly next: (message: Message) => number
  readonly onEntry: (message: Message) => void
}

/** Messages of one pull at most. */
const PULL_MAX = 40
/** A reader that heard nothing looks again after this, as it makes its consumer anew. */
const SILENCE_MS = 2_500

/** A reader of a log or bucket: each message once and in order, as long as its process lives, whatever happens between. */
export class LogReader<Message> {
  readonly #side: NatsSide
  readonly #options: ReaderOptions<Message>
  readonly #forget: () => void
  #cursor: number
  #wanted = true
  #busy = false
  #closed = false
  #caughtUp: (() => void) | undefined

  constructor(side: NatsSide, source: string, options: ReaderOptions<Message>) {
    this.#side = side
    this.#options = options
    this.#cursor = options.from
    this.#forget = side.server.read(source, { wake: () => this.wake() })
    this.wake()
  }

  more(): void {
    this.#wanted = true
    this.wake()
  }

  /** Calls back once there is nothing that was not delivered. */
  onceCaughtUp(callback: () => void): void {
    this.#caughtUp = callback
    this.wake()
  }

  close(): void {
    this.#closed = true
    this.#forget()
  }

  wake(): void {
    const { process, weather } = this.#side
    if (this.#busy || this.#closed || process.dead || (this.#options.manual && !this.#wanted)) return
    if (!this.#hasMore() && this.#caughtUp === undefined) return
    this.#busy = true
    process.world.after(travel_ms(process, weather), () => this.#deliver())
  }

  #hasMore(): boolean {
    return this.#options.fetch(this.#cursor, 1).length > 0
  }

  #deliver(): void {
    this.#busy = false
    const { process, server } = this.#side
    if (this.#closed || process.dead) return
    if (!server.awake || !process.nats.open) return this.#retry()
    const messages = this.#options.fetch(this.#cursor, PULL_MAX)
    const last = messages.at(-1)
    if (last !== undefined) this.#cursor = this.#options.next(last)
    if (this.#options.manual) this.#wanted = messages.length === 0
    process.post(() => {
      if (this.#closed) return
      for (const message of messages) this.#options.onEntry(message)
      this.#tellCaughtUp()
    })
    this.wake()
  }

  /** Anything may have happened: it looks again when the connection is back, or after a silence. */
  #retry(): void {
    this.#busy = true
    this.#side.process.world.after(SILENCE_MS, () => {
      this.#busy = false
      this.wake()
    })
  }

  #tellCaughtUp(): void {
    const told = this.#caughtUp
    if (told === undefined || this.#hasMore()) return
    this.#caughtUp = undefined
    told()
  }
}
