/** A viewer that was not there and is, or was there and is not. */
export interface Move {
  readonly stream: string
  readonly key: string
  readonly came: boolean
}

/** An open request or socket of a viewer. */
export interface Visit {
  readonly stream: string
  /** Undefined: counted without a name, since the table is full. */
  readonly viewer: Viewer | undefined
  open: boolean
}

interface Viewer {
  readonly key: string
  visits: number
  /** Until when it is there although nothing of it is open. */
  until_ms: number
}

interface Viewed {
  readonly viewers: Map<string, Viewer>
  nameless: number
}

/**
 * Who watches which stream: a key counts once a stream, however many requests and sockets it has, while one is open or as
 * long as the one that closed last lets it linger. Nothing here can be lost that a viewer would miss. Beyond `max` keys,
 * what is open is counted, each as a viewer. Time is an argument.
 */
export class PresenceTable {
  readonly #max: number
  readonly #onMove: (move: Move) => void
  readonly #streams = new Map<string, Viewed>()
  #keys = 0
  #nameless = 0

  constructor(max: number, onMove: (move: Move) => void) {
    this.#max = max
    this.#onMove = onMove
  }

  /** Something of a viewer opens. */
  enter(stream: string, key: string): Visit {
    const viewed = this.#streams.get(stream) ?? { viewers: new Map<string, Viewer>(), nameless: 0 }
    this.#streams.set(stream, viewed)
    const known = viewed.viewers.get(key)
    if (known === undefined && this.#keys >= this.#max) {
      viewed.nameless += 1
      this.#nameless += 1
      return { stream, viewer: undefined, open: true }
    }
    const viewer = known ?? { key, visits: 0, until_ms: 0 }
    viewer.visits += 1
    if (known === undefined) {
      viewed.viewers.set(key, viewer)
      this.#keys += 1
      this.#onMove({ stream, key, came: true })
    }
    return { stream, viewer, open: true }
  }

  /** It has closed; the viewer is there for `linger_ms` more. Undefined: no longer than what closed before lets it. Again: nothing. */
  leave(visit: Visit, linger_ms: number | undefined, now_ms: number): void {
    const viewed = this.#streams.get(visit.stream)
    if (!visit.open || viewed === undefined) return
    visit.open = false
    const { viewer } = visit
    if (viewer === undefined) {
      viewed.nameless -= 1
      this.#nameless -= 1
      return this.#forgetEmpty(visit.stream, viewed)
    }
    viewer.visits -= 1
    if (linger_ms !== undefined) viewer.until_ms = now_ms + linger_ms
    this.#expire(visit.stream, viewed, viewer, now_ms)
  }

  /** Lets those go whose time is over. */
  expire(now_ms: number): void {
    for (const [stream, viewed] of this.#streams) for (const viewer of viewed.viewers.values()) this.#expire(stream, viewed, viewer, now_ms)
  }

  /** Viewers of a stream. */
  count(stream: string): number {
    const viewed = this.#streams.get(stream)
    return viewed === undefined ? 0 : viewed.viewers.size + viewed.nameless
  }

  /** Viewers of each stream that has any. */
  counts(): ReadonlyArray<readonly [stream: string, viewers: number]> {
    return [...this.#streams].map(([stream, { viewers, nameless }]) => [stream, viewers.size + nameless])
  }

  /** Viewers of all streams. */
  get size(): number {
    return this.#keys + this.#nameless
  }

  #expire(stream: string, viewed: Viewed, viewer: Viewer, now_ms: number): void {
    if (viewer.visits > 0 || viewer.until_ms > now_ms) return
    viewed.viewers.delete(viewer.key)
    this.#keys -= 1
    this.#forgetEmpty(stream, viewed)
    this.#onMove({ stream, key: viewer.key, came: false })
  }

  #forgetEmpty(stream: string, { viewers, nameless }: Viewed): void {
    if (viewers.size + nameless === 0) this.#streams.delete(stream)
  }
}
