/** An entry of a bucket, or the mark that its key was removed. */
export interface BucketMark {
  readonly key: string
  readonly revision: number
  /** Absent: removed. */
  readonly value: unknown
}

/** A key-value bucket as the log that it is: the newest entry of each key, in the order of their revisions. */
export class SimulatedBucket {
  readonly name: string
  readonly #known = new Set<string>()
  readonly #entries = new Map<string, BucketMark>()
  #revision = 0

  constructor(name: string) {
    this.name = name
  }

  get revision(): number {
    return this.#revision
  }

  /** Whether the key was ever written. */
  knows(key: string): boolean {
    return this.#known.has(key)
  }

  get(key: string): BucketMark | undefined {
    return this.#entries.get(key)
  }

  /** Writes a key whose entry has `expected` as its revision (0: absent or removed); undefined where it has another. */
  write(key: string, value: unknown, expected: number): number | undefined {
    const known = this.#entries.get(key)
    const revision = known === undefined || known.value === undefined ? 0 : known.revision
    if (revision !== expected) return undefined
    this.#revision += 1
    this.#known.add(key)
    // Deleted and set again, so that the map's order is that of the revisions.
    this.#entries.delete(key)
    this.#entries.set(key, { key, revision: this.#revision, value })
    return this.#revision
  }

  /** Entries and marks from a revision on. */
  from(revision: number): ReadonlyArray<BucketMark> {
    return [...this.#entries.values()].filter((entry) => entry.revision >= revision)
  }

  all(): ReadonlyArray<BucketMark> {
    return [...this.#entries.values()].filter(({ value }) => value !== undefined)
  }
}
