import type { World } from '../world/World.ts'

/** The process that has the connection. */
export interface Connected {
  readonly world: World
  readonly dead: boolean
  readonly post: (run: () => void) => void
  /** Something happened to it for which it may be taken for gone. */
  readonly disturb: () => void
}

/** Share of what a client had still to send when its connection broke that reaches the server once it is back. */
const LATE_SHARE = 0.5

/**
 * A process's connection to NATS. While it is cut off without noticing, what it sends waits; what it had sent when the
 * connection broke may still arrive after it is back: late, and long given up by whoever sent it.
 */
export class NatsLink {
  readonly #process: Connected
  readonly #callbacks = new Set<() => void>()
  readonly #inFlight = new Set<() => void>()
  #waiting: Array<() => void> = []
  #connected = true
  #silent = false

  constructor(process: Connected) {
    this.#process = process
  }

  /** Whether the process believes to be connected. */
  get connected(): boolean {
    return this.#connected
  }

  /** Whether anything gets through. */
  get open(): boolean {
    return this.#connected && !this.#silent
  }

  onReconnect(callback: () => void): () => void {
    this.#callbacks.add(callback)
    return () => this.#callbacks.delete(callback)
  }

  /** Tells `fail` when the connection is lost, until the returned function is called. */
  onLost(fail: () => void): () => void {
    this.#inFlight.add(fail)
    return () => this.#inFlight.delete(fail)
  }

  /** Puts something on its way to the server; `arrive` is called there. */
  send(delay_ms: number, arrive: () => void): void {
    if (!this.open) this.#waiting.push(arrive)
    else this.#process.world.after(delay_ms, arrive)
  }

  /** Nothing gets through any more, and the process does not notice yet. */
  silence(): void {
    this.#process.disturb()
    this.#silent = true
  }

  /** The process notices that the connection is lost. */
  disconnect(): void {
    this.#process.disturb()
    this.#silent = false
    this.#connected = false
    this.#process.post(() => {
      for (const fail of [...this.#inFlight]) fail()
    })
  }

  /** Messages get through again, without the connection having been lost. */
  heal(): void {
    this.#process.disturb()
    this.#silent = false
    this.#flush(1)
  }

  reconnect(): void {
    this.#process.disturb()
    this.#silent = false
    if (this.#process.dead) return
    this.#connected = true
    this.#flush(LATE_SHARE)
    this.#process.post(() => {
      for (const callback of [...this.#callbacks]) callback()
    })
  }

  #flush(share: number): void {
    const waiting = this.#waiting
    this.#waiting = []
    const { world } = this.#process
    for (const arrive of waiting) if (world.dice.chance(share)) world.after(world.dice.between(1, 60), arrive)
  }
}
