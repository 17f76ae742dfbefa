import type { PlacedFragment } from '../../actors/playlist/liveWindow.ts'
import type { FollowedStream } from '../playback/FollowedStream.ts'
import { encodeFragment, fragmentFrame, initFrame, newestFragments } from './encodeFragment.ts'
import { FragmentRing } from './FragmentRing.ts'
import type { Encoded } from './FragmentRing.ts'
import { OVER_GRACE_MS, PUBLISHER_QUIET_MS } from './limits.ts'
import { CLOSE, type Over } from './messages.ts'
import { type Notices, StreamNotices } from './StreamNotices.ts'
import { type Entry, overByBucket, overByLog } from './streamPhase.ts'
import type { Viewer, ViewerSource } from './Viewer.ts'
import type { Counted } from './viewerState.ts'
import { type FrameBuffer, HEADER_BYTES, readHeader } from './watchFrame.ts'

/** What a watched stream needs of its edge. */
export interface WatchPort {
  /** Sends a copy to all viewers that are in step; returns at once. */
  readonly publish: (topic: string, message: Uint8Array) => void
  /** Where messages are put together; `publish` and sockets copy what they are given. */
  readonly frames: FrameBuffer
  readonly now_ms: () => number
  readonly count: (what: Counted) => void
  /** Whether some edge hears the publisher of a stream. */
  readonly isPublishing: (stream: string) => boolean
  /** The bytes kept have changed by so many. */
  readonly held: (bytes: number) => void
  /** Something of ours broke in passing the stream on. */
  readonly broke: (stream: string, defect: unknown) => void
}

/** One stream that somebody watches here: encodes each fragment once, and passes it on to all its viewers. */
export class WatchedStream implements ViewerSource {
  readonly id: string
  readonly ring: FragmentRing
  readonly viewers = new Set<Viewer>()
  readonly #port: WatchPort
  readonly #told = new StreamNotices()
  readonly #behind = new Set<Viewer>()
  /** Viewers that came before the stream was there, and whom to tell when it is. */
  readonly #early = new Map<Viewer, () => void>()
  /** Viewers whose queue did not take something, and the header of what it was. */
  readonly #overflowed = new Map<Viewer, Uint8Array>()
  /** Init segment that was published last, of each rendition. */
  readonly #inits = new Map<string, string>()
  #stream: FollowedStream | undefined
  #forget: () => void = () => undefined
  #entry: Entry | undefined
  #over: Over | undefined
  /** Since when the bucket says that the stream is over. */
  #overSince_ms: number | undefined

  constructor(id: string, port: WatchPort) {
    this.id = id
    this.#port = port
    this.ring = new FragmentRing(port.held)
  }

  get frames(): FrameBuffer {
    return this.#port.frames
  }

  get notices(): Notices | undefined {
    return this.#told.notices
  }

  get behind(): number {
    return this.#behind.size
  }

  get queued_bytes(): number {
    return [...this.viewers].reduce((sum, viewer) => sum + viewer.queued_bytes, 0)
  }

  get isOver(): boolean {
    return this.#over !== undefined
  }

  readonly topicOf = (rendition: string): string => `watch/${this.id}/${rendition}`

  readonly hasBegun = (rendition: string): boolean => this.#inits.has(rendition)

  readonly onBehind = (viewer: Viewer, isBehind: boolean): void => void (isBehind ? this.#behind.add(viewer) : this.#behind.delete(viewer))

  readonly count = (what: Counted): void => this.#port.count(what)

  /** Begins to pass on a stream that is caught up with its log. */
  attach(stream: FollowedStream, entry: Entry | undefined): void {
    this.#stream = stream
    this.#entry = entry
    this.#relist(stream)
    for (const placed of newestFragments(stream.window)) this.#keep(placed)
    this.#forget = stream.onRecord((added) => this.#guarded(() => this.#take(stream, added)))
    this.#restate()
    this.#told.choose(stream)
    for (const [viewer, onFollowed] of [...this.#early]) {
      onFollowed()
      this.#welcome(viewer)
    }
    this.#early.clear()
    if (stream.end !== undefined) this.finish(overByLog(stream.end))
  }

  /** Lets go of the stream. */
  detach(): void {
    this.#forget()
    this.ring.clear()
  }

  /** A viewer comes; `onFollowed` is called once it has the stream. */
  enter(viewer: Viewer, onFollowed: () => void): void {
    this.viewers.add(viewer)
    if (this.#stream === undefined && this.#over === undefined) return void this.#early.set(viewer, onFollowed)
    if (this.#stream !== undefined) onFollowed()
    this.#welcome(viewer)
  }

  leave(viewer: Viewer): void {
    this.viewers.delete(viewer)
    this.#behind.delete(viewer)
    this.#early.delete(viewer)
    this.#overflowed.delete(viewer)
  }

  /** The bucket's entry of the stream has changed. */
  entryChanged(entry: Entry): void {
    this.#entry = entry
    if (this.#stream === undefined) return
    if (this.#restate()) this.#informAll()
  }

  /** Nobody gets this stream here: closes all sockets. */
  fail(code: (typeof CLOSE)[keyof typeof CLOSE], reason: string): void {
    for (const viewer of [...this.viewers]) viewer.take({ _tag: 'Refused', code, reason }, this.#port.now_ms())
  }

  /** The stream is over: by its log, by the bucket, or because only its recording is left. */
  finish(over: Over): void {
    this.#over = over
    for (const viewer of [...this.viewers]) viewer.take({ _tag: 'Ended', over }, this.#port.now_ms())
    this.pump()
  }

  /** A queue did not take what was published; called within the publishing, so what follows from it comes later. */
  overflowed(viewer: Viewer, message: Uint8Array): void {
    if (!this.#overflowed.has(viewer)) this.#overflowed.set(viewer, message.slice(0, HEADER_BYTES))
  }

  /** Looks at the queues of all viewers; gives their bytes. */
  sweep(): number {
    const now_ms = this.#port.now_ms()
    this.#settleOverflowed()
    if (this.#over === undefined && this.#overSince_ms !== undefined && now_ms - this.#overSince_ms >= OVER_GRACE_MS) {
      const over = overByBucket(this.#entry)
      if (over !== undefined) this.finish(over)
    }
    if (this.#stream !== undefined && this.#over === undefined && this.#restate()) this.#informAll()
    let queued_bytes = 0
    for (const viewer of [...this.viewers]) queued_bytes += viewer.look(now_ms)
    this.pump()
    return queued_bytes
  }

  /** Sends those who are behind what they may get now. */
  pump(): void {
    const now_ms = this.#port.now_ms()
    for (const viewer of [...this.#behind]) viewer.pump(now_ms)
  }

  // What breaks here must not break the reading of the log, on which others depend.
  #guarded(run: () => void): void {
    try {
      run()
    } catch (defect) {
      this.#port.broke(this.id, defect)
      this.fail(CLOSE.defect, 'the edge has a defect')
    }
  }

  #take(stream: FollowedStream, added: ReadonlyArray<PlacedFragment>): void {
    this.#settleOverflowed()
    if (this.#relist(stream)) this.#informAll()
    for (const placed of added) {
      if (placed.fragment.independent) this.#turn(added.filter((other) => beginsWith(other, placed)).map(({ rendition }) => rendition.name))
      this.#pass(placed)
    }
    if (this.#restate()) this.#informAll()
    if (this.#told.choose(stream)) for (const viewer of [...this.viewers]) this.#offer(viewer)
    if (stream.end !== undefined && this.#over === undefined) this.finish(overByLog(stream.end))
    else this.pump()
  }

  /** Whoever does not hear of new numbers now must get nothing that has them before it does. */
  #informAll(): void {
    const now_ms = this.#port.now_ms()
    for (const viewer of [...this.viewers]) {
      viewer.inform()
      if (!viewer.isInformed) viewer.overflowed(this.ring.next, now_ms)
    }
  }

  #pass(placed: PlacedFragment): void {
    const encoded = encodeFragment(placed, this.#told.numberOf(placed.rendition.name))
    this.ring.push(encoded, this.#port.now_ms())
    const topic = this.topicOf(encoded.name)
    const { init } = encoded
    if (init !== undefined && this.#inits.get(encoded.name) !== init.key) {
      this.#inits.set(encoded.name, init.key)
      this.#port.publish(topic, initFrame(encoded, init, this.frames))
    }
    this.#port.publish(topic, fragmentFrame(encoded, this.frames))
    this.#settleOverflowed()
  }

  /**
   * Random-access fragments of these renditions come: those who go on with one of them leave step, to get it alone, before
   * what they leave begins anew at that time and would come in vain.
   */
  #turn(names: ReadonlyArray<string>): void {
    const now_ms = this.#port.now_ms()
    for (const viewer of this.viewers) {
      const next = viewer.state.next?.name
      if (next !== undefined && viewer.state.phase === 'InStep' && names.includes(next)) viewer.take({ _tag: 'RandomAccess', name: next }, now_ms)
    }
  }

  #keep(placed: PlacedFragment): void {
    const encoded: Encoded = encodeFragment(placed, this.#told.numberOf(placed.rendition.name))
    if (encoded.init !== undefined) this.#inits.set(encoded.name, encoded.init.key)
    this.ring.push(encoded, this.#port.now_ms())
  }

  #offer(viewer: Viewer): void {
    const { choice } = this.#told
    if (choice !== undefined) viewer.take({ _tag: 'Choice', choice }, this.#port.now_ms())
  }

  #welcome(viewer: Viewer): void {
    const now_ms = this.#port.now_ms()
    viewer.inform()
    this.#offer(viewer)
    if (this.#over !== undefined) viewer.take({ _tag: 'Ended', over: this.#over }, now_ms)
    viewer.pump(now_ms)
  }

  #relist({ window }: FollowedStream): boolean {
    const isNew = this.#told.relist(window.described)
    if (isNew) this.ring.renumber(this.#told.list.map(({ name }) => name))
    return isNew
  }

  /** Nobody says that it is there, and no media says so either: what nodes hear of each other comes later. */
  #isPublisherAway(): boolean {
    const newest_ms = this.ring.at(this.ring.next - 1)?.at_ms ?? Number.NEGATIVE_INFINITY
    return this.#port.now_ms() - newest_ms >= PUBLISHER_QUIET_MS && !this.#port.isPublishing(this.id)
  }

  /** Whether viewers are to be told of another state. */
  #restate(): boolean {
    const isOver = overByBucket(this.#entry) !== undefined
    this.#overSince_ms = isOver ? (this.#overSince_ms ?? this.#port.now_ms()) : undefined
    return this.#told.restate(this.#entry, this.ring.next > 0, this.#isPublisherAway())
  }

  #settleOverflowed(): void {
    for (const [viewer, message] of [...this.#overflowed]) viewer.overflowed(this.#locate(message), this.#port.now_ms())
    this.#overflowed.clear()
  }

  /** Number of the fragment that a message is of, or that follows it. */
  #locate(message: Uint8Array): number {
    const header = readHeader(message)
    const name = header && this.#told.list[header.rendition]?.name
    for (let number = this.ring.next - 1; header !== undefined; number--) {
      const fragment = this.ring.at(number)
      if (fragment === undefined) break
      if (fragment.name === name && fragment.start_ms === header.programDateTime_ms) return number
    }
    return 0
  }
}

/** Whether a fragment begins at the same time as another, and viewers may begin with it. */
const beginsWith = (one: PlacedFragment, other: PlacedFragment): boolean =>
  one.fragment.independent && one.fragment.start * other.segment.timescale === other.fragment.start * one.segment.timescale
