const SECOND_MS = 1_000

/** So many times a second for each key. Time is an argument. */
export class Quota {
  readonly #max: number
  readonly #counts = new Map<string, number>()
  #since_ms = Number.NEGATIVE_INFINITY

  constructor(max: number) {
    this.#max = max
  }

  /** Whether it is allowed once more; it counts then. */
  allows(key: string, now_ms: number): boolean {
    if (now_ms - this.#since_ms >= SECOND_MS) {
      this.#counts.clear()
      this.#since_ms = now_ms
    }
    const count = (this.#counts.get(key) ?? 0) + 1
    if (count > this.#max) return false
    this.#counts.set(key, count)
    return true
  }
}
