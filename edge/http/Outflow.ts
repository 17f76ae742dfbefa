import { Effect } from 'effect'
import type { HttpResponse } from 'uWebSockets.js'
import { OUTFLOW_BYTES_MAX, RESPONSE_STALL_MS } from '../limits.ts'

/**
 * The body of an answer that goes on for as long as its client stays. What the client does not read waits here, up to a
 * bound; a client that has read nothing for too long, or has let too much come together, is cut.
 */
export class Outflow {
  readonly #res: HttpResponse
  readonly #queue: Array<Uint8Array> = []
  readonly #waiters = new Set<() => void>()
  #queued_bytes = 0
  /** Since when the socket takes nothing. */
  #blockedSince_ms: number | undefined
  #over = false

  constructor(res: HttpResponse) {
    this.#res = res
  }

  /** Sends bytes, now or once those before them are read. Does nothing once the client has gone. */
  write(bytes: Uint8Array): void {
    if (this.#over) return
    if (this.#blockedSince_ms === undefined) return this.#send(bytes)
    this.#queue.push(bytes)
    this.#queued_bytes += bytes.byteLength
  }

  /** Resolves when nothing waits here any more. */
  readonly drained: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const done = (): void => resume(Effect.void)
    if (this.#blockedSince_ms === undefined || this.#over) return done()
    this.#waiters.add(done)
    return Effect.sync(() => this.#waiters.delete(done))
  })

  /** Whether the client is to be cut. */
  isStalled(now_ms: number): boolean {
    return this.#queued_bytes > OUTFLOW_BYTES_MAX || (this.#blockedSince_ms !== undefined && now_ms - this.#blockedSince_ms >= RESPONSE_STALL_MS)
  }

  /** The connection is closed, or is to be used for nothing more here. */
  close(): void {
    this.#over = true
    this.#queue.length = 0
    this.#settle()
  }

  #send(bytes: Uint8Array): void {
    let free = true as boolean
    // What the server says no to it has taken all the same: only nothing more may follow.
    this.#res.cork(() => {
      free = this.#res.write(bytes)
    })
    if (free) return
    this.#blockedSince_ms = performance.now()
    this.#res.onWritable(() => {
      this.#blockedSince_ms = undefined
      this.#flush()
      return true
    })
  }

  #flush(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#queued_bytes -= next.byteLength
      this.#send(next)
      if (this.#blockedSince_ms !== undefined) return
    }
    this.#settle()
  }

  #settle(): void {
    for (const done of [...this.#waiters]) done()
    this.#waiters.clear()
  }
}
