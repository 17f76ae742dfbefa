/** Something that happens at a moment of the world. */
export interface Scheduled {
  readonly at_ms: number
  readonly order: number
  run: (() => void) | undefined
}

const isBefore = (a: Scheduled, b: Scheduled): boolean => a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.order < b.order)

/** What is to happen, by time and then in the order in which it was asked for: a binary heap. */
export class EventQueue {
  readonly #heap: Array<Scheduled> = []
  #order = 0

  add(at_ms: number, run: () => void): Scheduled {
    return this.putBack({ at_ms, order: (this.#order += 1), run })
  }

  /** Puts an event where it was before it was taken. */
  putBack(event: Scheduled): Scheduled {
    const heap = this.#heap
    heap.push(event)
    for (let at = heap.length - 1; at > 0; ) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[at] = parent
      heap[above] = event
      at = above
    }
    return event
  }

  /** The earliest event; one that was cancelled has no `run` any more. */
  take(): Scheduled | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    this.#sink(last)
    return first
  }

  #sink(event: Scheduled): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const [child, index] = right !== undefined && isBefore(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1]
      if (isBefore(event, child)) break
      heap[at] = child
      at = index
    }
    heap[at] = event
  }
}
