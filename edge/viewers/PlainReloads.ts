import { BEGINNING_MS, PLAIN_LINGER_MS } from './limits.ts'

/**
 * Who reloads playlists without waiting for what comes: told by its coming back, since every player begins with requests
 * that do not wait. Beyond `max` viewers the oldest are forgotten. Time is an argument.
 */
export class PlainReloads {
  readonly #max: number
  readonly #asked_ms = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** Notes a request that does not wait; whether its viewer has come back with it. */
  asks(key: string, now_ms: number): boolean {
    const before_ms = this.#asked_ms.get(key)
    this.#asked_ms.delete(key)
    this.#asked_ms.set(key, now_ms)
    for (const [oldest, asked_ms] of this.#asked_ms) {
      if (this.#asked_ms.size <= this.#max && now_ms - asked_ms <= PLAIN_LINGER_MS) break
      this.#asked_ms.delete(oldest)
    }
    return before_ms !== undefined && now_ms - before_ms >= BEGINNING_MS && now_ms - before_ms <= PLAIN_LINGER_MS
  }
}
