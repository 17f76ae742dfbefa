import { QUEUE_MS_MAX, RING_BYTES_MAX, RING_FRAGMENTS_MAX, RING_GRACE_MS } from './limits.ts'
import { HEADER_BYTES, renumber } from './watchFrame.ts'

/** An init segment as fragments name theirs. */
export interface InitSegment {
  /** Names it among all of the stream. */
  readonly key: string
  readonly mimeType: string
  readonly data: Uint8Array
}

/** One fragment, as all viewers get it. */
export interface Encoded {
  readonly name: string
  readonly kind: 'video' | 'audio'
  readonly randomAccess: boolean
  /** On the stream's timeline, seconds. */
  readonly start_s: number
  readonly end_s: number
  /** Wall clock of the same, ms since 1970. */
  readonly start_ms: number
  readonly end_ms: number
  /** Undefined where the log did not bring it. */
  readonly init: InitSegment | undefined
  readonly header: Uint8Array
  /** What follows the header. Shared with the stream's window, which may put the same bytes elsewhere. */
  readonly media: { readonly data: Uint8Array }
}

/** Bytes of a fragment's message. */
const bytesOf = ({ media }: Encoded): number => HEADER_BYTES + media.data.byteLength

/** A fragment that was published: the how many-th of the stream, and when. Monotonic ms. */
export interface RingFragment extends Encoded {
  readonly number: number
  readonly at_ms: number
}

/** What is remembered of a fragment for as long as it may wait in a queue, also once the fragment itself has been let go. */
interface Published {
  readonly name: string
  readonly bytes: number
  readonly at_ms: number
}

/** Where a viewer begins: the first fragment to look at, and from where on the sound is for it. */
export interface Beginning {
  readonly number: number
  readonly audioFrom_s: number
  /** Wall clock of the random-access fragment, ms. */
  readonly at_ms: number
}

/**
 * The fragments of one stream that somebody may still need, in the order in which they were published: of each video
 * rendition those from its newest random-access fragment on, the audio that belongs to them, and what is younger than a
 * second. Bounded: what is over goes, oldest first, and who needed it skips.
 */
export class FragmentRing {
  readonly #fragments: Array<RingFragment> = []
  readonly #published: Array<Published> = []
  /** Number of the newest random-access fragment of each rendition. */
  readonly #randomAccess = new Map<string, number>()
  /** Number of the newest fragment of each rendition that was let go. */
  readonly #letGo = new Map<string, number>()
  readonly #held: (bytes: number) => void
  #first = 0
  #bytes = 0

  /** `held` is told how the bytes that are kept change. */
  constructor(held: (bytes: number) => void = () => undefined) {
    this.#held = held
  }

  /** Number that the next fragment gets. */
  get next(): number {
    return this.#first + this.#fragments.length
  }

  get bytes(): number {
    return this.#bytes
  }

  at(number: number): RingFragment | undefined {
    return this.#fragments[number - this.#first]
  }

  push(encoded: Encoded, at_ms: number): RingFragment {
    const fragment: RingFragment = { ...encoded, number: this.next, at_ms }
    this.#fragments.push(fragment)
    if (fragment.randomAccess) this.#randomAccess.set(fragment.name, fragment.number)
    this.#add(bytesOf(fragment))
    this.#remember(fragment)
    if (fragment.randomAccess) this.#letGoUnneeded(at_ms)
    while (this.#bytes > RING_BYTES_MAX || this.#fragments.length > RING_FRAGMENTS_MAX) this.#dropOldest(1)
    return fragment
  }

  /** The newest random-access fragment of a rendition, if it is still there. */
  newestRandomAccess(name: string): RingFragment | undefined {
    return this.at(this.#randomAccess.get(name) ?? -1)
  }

  /** Where a viewer of these renditions begins: undefined where it must wait for a random-access fragment. */
  beginning(video: string | undefined, audio: string | undefined): Beginning | undefined {
    const lead = this.newestRandomAccess(video ?? audio ?? '')
    if (lead === undefined) return undefined
    if (video === undefined) return { number: lead.number, audioFrom_s: lead.start_s, at_ms: lead.start_ms }
    const sound = this.#fragments.find(({ name, end_s }) => name === audio && end_s > lead.start_s)
    return { number: Math.min(lead.number, sound?.number ?? lead.number), audioFrom_s: lead.start_s, at_ms: lead.start_ms }
  }

  /** Whether a fragment of the rendition from `number` on has been let go. */
  hasLost(name: string | undefined, number: number): boolean {
    return name !== undefined && (this.#letGo.get(name) ?? -1) >= number
  }

  /** Age of the oldest of so many bytes that wait for a viewer who gets these renditions, as far as `QUEUE_MS_MAX` goes. */
  ageOf(bytes: number, video: string | undefined, audio: string | undefined, now_ms: number): number {
    let sum = 0
    for (let index = this.#published.length - 1; index >= 0; index--) {
      const published = this.#published[index]
      if (published === undefined || (published.name !== video && published.name !== audio)) continue
      sum += published.bytes
      if (sum >= bytes) return now_ms - published.at_ms
    }
    return now_ms - (this.#published[0]?.at_ms ?? now_ms)
  }

  /** Wall clock up to which a viewer has a rendition that has got all before `number`; undefined where that is not kept. */
  reached_ms(name: string, number: number): number | undefined {
    return this.#fragments.findLast((fragment) => fragment.name === name && fragment.number < number)?.end_ms
  }

  /** Takes over a new list of renditions: what is kept gets its numbers, and nothing more is kept of those that are gone. */
  renumber(names: ReadonlyArray<string>): void {
    for (const { name, header } of this.#fragments) if (names.includes(name)) renumber(header, names.indexOf(name))
    for (const name of this.#randomAccess.keys()) if (!names.includes(name)) this.#randomAccess.delete(name)
  }

  /** Lets go of the older half; returns the bytes. */
  shed(): number {
    const before = this.#bytes
    this.#dropOldest(Math.ceil(this.#fragments.length / 2))
    return before - this.#bytes
  }

  /** Lets go of everything, at the end of its use. */
  clear(): void {
    this.#dropOldest(this.#fragments.length)
  }

  // The oldest that is remembered is older than a queue may be, and so says that one is.
  #remember(fragment: RingFragment): void {
    const { name, at_ms } = fragment
    this.#published.push({ name, bytes: bytesOf(fragment), at_ms })
    const isUnneeded = (next: Published | undefined): boolean => next !== undefined && (at_ms - next.at_ms >= QUEUE_MS_MAX || this.#published.length > RING_FRAGMENTS_MAX)
    while (isUnneeded(this.#published[1])) this.#published.shift()
  }

  #letGoUnneeded(now_ms: number): void {
    const leads = [...this.#randomAccess.keys()].flatMap((name) => this.newestRandomAccess(name) ?? [])
    const videos = leads.filter(({ kind }) => kind === 'video')
    const needed = videos.length > 0 ? videos : leads
    const from = Math.min(...needed.map(({ number }) => number))
    const from_s = Math.min(...needed.map(({ start_s }) => start_s))
    const keeps = ({ number, kind, end_s, at_ms }: RingFragment): boolean => number >= from || now_ms - at_ms < RING_GRACE_MS || (kind === 'audio' && end_s > from_s)
    const unneeded = this.#fragments.findIndex(keeps)
    this.#dropOldest(unneeded)
  }

  #dropOldest(count: number): void {
    if (count <= 0) return
    const dropped = this.#fragments.splice(0, count)
    this.#first += dropped.length
    for (const { name, number } of dropped) this.#letGo.set(name, number)
    this.#add(-dropped.reduce((sum, fragment) => sum + bytesOf(fragment), 0))
  }

  #add(bytes: number): void {
    this.#bytes += bytes
    this.#held(bytes)
  }
}
