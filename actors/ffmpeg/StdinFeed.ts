import type { Writable } from 'node:stream'
import { STDIN_WRITE_BYTES_MAX } from './limits.ts'

/** What a feed tells its owner. */
export interface StdinFeedEvents {
  /** The kernel took this many bytes. */
  readonly taken: (bytes: number) => void
  /** The child does not read any more (`EPIPE`); what waits is dropped. */
  readonly failed: (error: Error) => void
}

/**
 * Feeds a child's stdin piece by piece, one write in flight, so that `queuedBytes` and `taken` follow what the kernel's
 * buffer really took (a few hundred KB at most wait there) and not what Node's stream was given. Copies nothing.
 */
export class StdinFeed {
  readonly #stdin: Writable
  readonly #events: StdinFeedEvents
  readonly #queue: Array<Uint8Array> = []
  #queued_bytes = 0
  #writing = false
  #ending = false
  #closed = false

  constructor(stdin: Writable, events: StdinFeedEvents) {
    this.#stdin = stdin
    this.#events = events
    stdin.on('error', (error) => this.#fail(error))
  }

  /** Bytes given and not yet taken by the kernel. */
  get queuedBytes(): number {
    return this.#queued_bytes
  }

  /** Queues bytes, which the caller must not change afterwards. Ignored once the feed ended or failed. */
  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ending || bytes.length === 0) return
    this.#queued_bytes += bytes.length
    for (let at = 0; at < bytes.length; at += STDIN_WRITE_BYTES_MAX) {
      this.#queue.push(bytes.subarray(at, at + STDIN_WRITE_BYTES_MAX))
    }
    this.#next()
  }

  /** Closes stdin once everything queued is taken. */
  end(): void {
    this.#ending = true
    this.#next()
  }

  #next(): void {
    if (this.#writing || this.#closed) return
    const piece = this.#queue.shift()
    if (piece !== undefined) {
      this.#writing = true
      this.#stdin.write(piece, (error) => this.#written(piece, error))
    } else if (this.#ending) {
      this.#closed = true
      this.#stdin.end()
    }
  }

  #written(piece: Uint8Array, error: Error | null | undefined): void {
    this.#writing = false
    if (this.#closed) return
    if (error !== null && error !== undefined) {
      this.#fail(error)
      return
    }
    this.#queued_bytes -= piece.length
    this.#events.taken(piece.length)
    this.#next()
  }

  #fail(error: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue.length = 0
    this.#queued_bytes = 0
    this.#events.failed(error)
  }
}
