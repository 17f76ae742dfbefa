import { Dice } from './Dice.ts'
import { EventQueue, type Scheduled } from './EventQueue.ts'

/** A rule that was broken. */
export interface Violation {
  readonly invariant: string
  readonly detail: string
  readonly at_ms: number
}

/** One step of the world, as its trace remembers it. */
export type TraceLine = readonly [at_ms: number, what: string, who: string, detail: string | number]

const LINES_KEPT = 400

/** One simulated world: virtual time, chance fixed by a seed, what is to happen, and a trace of what happened. */
export class World {
  readonly seed: number
  readonly dice: Dice
  readonly #queue = new EventQueue()
  readonly #lines: Array<TraceLine> = []
  readonly #print: ((line: TraceLine) => void) | undefined
  #now_ms = 0
  #hash = 0x811c9dc5
  #events = 0
  #violation: Violation | undefined
  /** How often each kind of fault happened. */
  readonly faults = new Map<string, number>()

  constructor(seed: number, print?: (line: TraceLine) => void) {
    this.seed = seed
    this.dice = new Dice(seed)
    this.#print = print
  }

  get now_ms(): number {
    return this.#now_ms
  }

  get violation(): Violation | undefined {
    return this.#violation
  }

  get events(): number {
    return this.#events
  }

  /** The newest steps, oldest first. */
  get lines(): ReadonlyArray<TraceLine> {
    return this.#lines.slice(-LINES_KEPT)
  }

  /** Fingerprint of everything noted so far: the same seed gives the same one. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  after(delay_ms: number, run: () => void): Scheduled {
    return this.#queue.add(this.#now_ms + Math.max(0, delay_ms), run)
  }

  /** Says what happens; part of the trace. */
  note(what: string, who: string, detail: string | number = ''): void {
    this.#mix(Math.round(this.#now_ms * 1_000))
    this.#mixText(what)
    this.#mixText(who)
    if (typeof detail === 'number') this.#mix(detail)
    else this.#mixText(detail)
    const line: TraceLine = [this.#now_ms, what, who, detail]
    this.#lines.push(line)
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT)
    this.#print?.(line)
  }

  /** Mixes bytes into the trace without keeping them. */
  noteBytes(bytes: Uint8Array): void {
    let hash = this.#hash
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    this.#hash = hash
  }

  fault(kind: string, who: string, detail: string | number = ''): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
    this.note(`fault: ${kind}`, who, detail)
  }

  /** A rule is broken: the world stops. The first one counts. */
  violate(invariant: string, detail: string): void {
    this.#violation ??= { invariant, detail, at_ms: this.#now_ms }
  }

  /** Lets things happen until `done`, a broken rule, or a moment; false where the moment came first. */
  run(until_ms: number, done: () => boolean): boolean {
    while (this.#violation === undefined && !done()) {
      const event = this.#queue.take()
      if (event === undefined) return false
      if (event.at_ms > until_ms) {
        this.#queue.putBack(event)
        this.#now_ms = until_ms
        return false
      }
      if (event.run === undefined) continue
      this.#now_ms = event.at_ms
      this.#events += 1
      event.run()
    }
    return true
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193)
  }

  #mixText(text: string): void {
    let hash = this.#hash
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.#hash = hash
  }
}
