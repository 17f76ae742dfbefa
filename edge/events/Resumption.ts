import type { EventMessage } from './eventMessage.ts'

/**
 * Puts what a client has missed, as it is read from the log, before what happens meanwhile: each event once and in order.
 */
export class Resumption {
  readonly #send: (event: EventMessage) => void
  readonly #max: number
  readonly #waiting: Array<EventMessage> = []
  #replaying = true
  #overrun = false

  constructor(send: (event: EventMessage) => void, max: number) {
    this.#send = send
    this.#max = max
  }

  /** More has happened meanwhile than may wait: the client has to begin again from where it is. */
  get overrun(): boolean {
    return this.#overrun
  }

  /** An event that the client has missed. */
  replay(event: EventMessage): void {
    if (!this.#overrun) this.#send(event)
  }

  /** An event that happens now. */
  happen(event: EventMessage): void {
    if (!this.#replaying) return this.#send(event)
    if (this.#waiting.length < this.#max) this.#waiting.push(event)
    else this.#overrun = true
  }

  /** Everything up to the sequence `to` has been replayed: from here on it goes by what happens. */
  goOn(to: number): void {
    this.#replaying = false
    for (const event of this.#waiting.splice(0)) if (event.seq > to) this.#send(event)
  }
}
