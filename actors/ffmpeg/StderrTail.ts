import { STDERR_TAIL_BYTES } from './limits.ts'

/** The newest bytes of a stream of any length, in bounded memory. */
export class StderrTail {
  readonly #limit_bytes: number
  #pieces: Array<Uint8Array> = []
  #bytes = 0

  constructor(limit_bytes: number = STDERR_TAIL_BYTES) {
    this.#limit_bytes = limit_bytes
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece.slice(-this.#limit_bytes))
    this.#bytes += piece.length
    if (this.#bytes > 2 * this.#limit_bytes) this.#trim()
  }

  /** What is kept, as text without control characters other than line ends. */
  text(): string {
    this.#trim()
    return Buffer.concat(this.#pieces).toString('utf8').replaceAll(/[^\P{Cc}\n]/gu, '')
  }

  #trim(): void {
    const joined = Buffer.concat(this.#pieces)
    const kept = joined.subarray(Math.max(0, joined.length - this.#limit_bytes))
    this.#pieces = [kept]
    this.#bytes = kept.length
  }
}
