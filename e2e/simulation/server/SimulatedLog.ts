/** One message of a log. */
export interface StoredMessage {
  readonly seq: number
  readonly subject: string
  readonly data: Uint8Array
  readonly recordId: string
  readonly time_ms: number
  /** What was sent, where the server keeps something else. */
  readonly sent?: Uint8Array
}

/** Room that a server counts for a message beside its subject and bytes. */
const OVERHEAD_BYTES = 64

const sizeOf = ({ subject, data }: StoredMessage): number => OVERHEAD_BYTES + subject.length + data.byteLength

/** One JetStream stream with the rules of the real ones: a sequence for all subjects, compare-and-set by subject, a limit of bytes. */
export class SimulatedLog {
  readonly name: string
  readonly bytesMax: number
  #messages: Array<StoredMessage> = []
  readonly #bySubject = new Map<string, Array<StoredMessage>>()
  #lastSeq = 0
  #bytes = 0

  constructor(name: string, bytesMax: number) {
    this.name = name
    this.bytesMax = bytesMax
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#messages.length
  }

  get firstSeq(): number {
    return this.#messages[0]?.seq ?? this.#lastSeq + 1
  }

  head(subject: string): StoredMessage | undefined {
    return this.#bySubject.get(subject)?.at(-1)
  }

  store(subject: string, data: Uint8Array, recordId: string, time_ms: number, sent?: Uint8Array): StoredMessage {
    this.#lastSeq += 1
    const message = { seq: this.#lastSeq, subject, data: data.slice(), recordId, time_ms, ...(sent === undefined ? {} : { sent }) }
    this.#messages.push(message)
    const own = this.#bySubject.get(subject)
    if (own === undefined) this.#bySubject.set(subject, [message])
    else own.push(message)
    this.#bytes += sizeOf(message)
    return message
  }

  /** Messages from `from` on, at most `limit`; of one subject, or of all. */
  from(from: number, limit: number, subject?: string): ReadonlyArray<StoredMessage> {
    const messages = subject === undefined ? this.#messages : (this.#bySubject.get(subject) ?? [])
    let [low, high] = [0, messages.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((messages[middle]?.seq ?? 0) < from) low = middle + 1
      else high = middle
    }
    return messages.slice(low, low + limit)
  }

  /** Removes what is before a sequence; returns what went. */
  purge(before: number, subject?: string): ReadonlyArray<StoredMessage> {
    return this.#remove((message) => message.seq < before && (subject === undefined || message.subject === subject))
  }

  /** Removes one message, as a work queue does with what is done. */
  remove(seq: number): void {
    this.#remove((message) => message.seq === seq)
  }

  subjects(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#bySubject].map(([subject, messages]) => [subject, messages.length]))
  }

  #remove(goes: (message: StoredMessage) => boolean): ReadonlyArray<StoredMessage> {
    const gone = this.#messages.filter(goes)
    if (gone.length === 0) return gone
    const seqs = new Set(gone.map(({ seq }) => seq))
    this.#messages = this.#messages.filter(({ seq }) => !seqs.has(seq))
    for (const subject of new Set(gone.map((message) => message.subject))) {
      const left = (this.#bySubject.get(subject) ?? []).filter(({ seq }) => !seqs.has(seq))
      if (left.length === 0) this.#bySubject.delete(subject)
      else this.#bySubject.set(subject, left)
    }
    for (const message of gone) this.#bytes -= sizeOf(message)
    return gone
  }
}
