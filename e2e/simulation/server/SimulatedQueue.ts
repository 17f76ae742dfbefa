import type { SimulatedLog, StoredMessage } from './SimulatedLog.ts'
import type { World } from '../world/World.ts'

/** A worker's open request for one item; answers whether it was still open. */
export type Puller = (message: StoredMessage, deliveries: number) => boolean

interface Pending {
  readonly message: StoredMessage
  deliveries: number
  deadline_ms: number
  /** Handed out, or waiting to be handed out again. */
  out: boolean
}

/** The server's side of a consumer that workers share: each item to one worker until it is acknowledged or its wait is over. */
export class SimulatedQueue {
  readonly log: SimulatedLog
  readonly #world: World
  readonly #filter: string
  readonly #ackWait_ms: number
  readonly #removesDone: boolean
  readonly #pending = new Map<number, Pending>()
  #pullers: Array<Puller> = []
  #cursor = 1
  #isUp: () => boolean

  constructor(world: World, log: SimulatedLog, options: { readonly filter: string; readonly ackWait_ms: number; readonly removesDone: boolean; readonly isUp: () => boolean }) {
    this.#world = world
    this.log = log
    this.#filter = options.filter.replace('*', '')
    this.#ackWait_ms = options.ackWait_ms
    this.#removesDone = options.removesDone
    this.#isUp = options.isUp
  }

  /** Sequence up to which everything is acknowledged. */
  get acknowledgedThrough(): number {
    this.#fetch()
    const first = Math.min(this.#cursor, ...this.#pending.keys())
    return first - 1
  }

  /** Items not acknowledged. */
  get outstanding(): number {
    this.#fetch()
    return this.#pending.size
  }

  pull(puller: Puller): void {
    this.#pullers.push(puller)
    this.dispatch()
  }

  forgetPullers(): void {
    this.#pullers = []
  }

  acknowledge(seq: number): void {
    this.#pending.delete(seq)
    if (this.#removesDone) this.log.remove(seq)
  }

  giveBack(seq: number, delay_ms: number): void {
    const pending = this.#pending.get(seq)
    if (pending === undefined) return
    this.#world.after(delay_ms, () => {
      pending.out = false
      this.dispatch()
    })
  }

  working(seq: number): void {
    const pending = this.#pending.get(seq)
    if (pending !== undefined) pending.deadline_ms = this.#world.now_ms + this.#ackWait_ms
  }

  /** Hands out what there is to whoever waits. */
  dispatch(): void {
    if (!this.#isUp()) return
    this.#fetch()
    for (const pending of this.#pending.values()) {
      if (pending.out) continue
      if (!this.#handOut(pending)) return
    }
  }

  #handOut(pending: Pending): boolean {
    for (;;) {
      const at = this.#world.dice.below(this.#pullers.length)
      const [puller] = this.#pullers.splice(at, 1)
      if (puller === undefined) return false
      if (!puller(pending.message, pending.deliveries + 1)) continue
      pending.out = true
      pending.deliveries += 1
      pending.deadline_ms = this.#world.now_ms + this.#ackWait_ms
      this.#watch(pending)
      return true
    }
  }

  #watch(pending: Pending): void {
    const deliveries = pending.deliveries
    this.#world.after(pending.deadline_ms - this.#world.now_ms + 1, () => {
      if (!this.#pending.has(pending.message.seq) || !pending.out || pending.deliveries !== deliveries) return
      if (this.#world.now_ms <= pending.deadline_ms) return this.#watch(pending)
      pending.out = false
      this.dispatch()
    })
  }

  #fetch(): void {
    for (const message of this.log.from(this.#cursor, Number.MAX_SAFE_INTEGER)) {
      this.#cursor = message.seq + 1
      if (!message.subject.startsWith(this.#filter)) continue
      this.#pending.set(message.seq, { message, deliveries: 0, deadline_ms: 0, out: false })
    }
    this.#cursor = Math.max(this.#cursor, this.log.lastSeq + 1)
  }
}
