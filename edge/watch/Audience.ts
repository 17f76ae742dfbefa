import { AddressPlaces } from '../http/AddressPlaces.ts'
import type { CountersShape } from '../http/Counters.ts'
import { QUEUES_BYTES_MAX, RINGS_BYTES_MAX } from './limits.ts'
import { CLOSE } from './messages.ts'
import { Viewer, type ViewerSocket } from './Viewer.ts'
import type { Counted } from './viewerState.ts'
import { FrameBuffer } from './watchFrame.ts'
import { type WatchPort, WatchedStream } from './WatchedStream.ts'

/** A socket that comes in. */
export interface Arrival {
  readonly id: string
  /** Network address. */
  readonly address: string
  /** The viewer's own id, where its page made one up. */
  readonly viewer: string | undefined
  /** The rendition that it begins with. */
  readonly rendition: string | undefined
}

/** A viewer with a place, until it leaves. */
export interface Watcher {
  readonly heard: (message: Parameters<Viewer['take']>[0]) => void
  /** Its queue did not take that message. */
  readonly overflowed: (message: Uint8Array) => void
  /** Its queue has got shorter. */
  readonly drained: () => void
  readonly left: () => void
}

type Slow = Exclude<Counted, 'refused'>

/** What this edge holds and has done for viewers with sockets. */
export interface WatchFigures extends Readonly<Record<Slow, number>> {
  readonly sockets: number
  /** Of them, those that are sent one by one what they have not got. */
  readonly behind: number
  readonly streams: number
  /** Of what is kept for those who join and are behind, and of what waits in queues. */
  readonly kept_bytes: number
  readonly queued_bytes: number
}

/** What an audience stands on. */
export interface AudiencePort extends Pick<WatchPort, 'publish' | 'broke' | 'isPublishing'> {
  readonly socketsMax: number
  readonly socketsPerAddressMax: number
  readonly counters: CountersShape
  /** Follows a stream for its viewers until the function given back is called; `onFailed` where that cannot be. Calls back later, not at once. */
  readonly follow: (stream: WatchedStream, onFailed: () => void) => () => void
  /** Somebody has got a stream; the function given back is called when they have gone. */
  readonly present: (arrival: Arrival) => () => void
}

interface Followed {
  readonly stream: WatchedStream
  readonly letGo: () => void
}

/** All viewers of an edge that get fragments pushed, by stream. Follows each stream once, while somebody watches it. */
export class Audience {
  readonly #port: AudiencePort
  readonly #places: AddressPlaces
  readonly #streams = new Map<string, Followed>()
  readonly #counted: Record<Slow, number> = { skipped: 0, lowered: 0, raised: 0, stalled: 0 }
  readonly #watchPort: WatchPort
  #kept_bytes = 0

  constructor(port: AudiencePort) {
    this.#port = port
    this.#places = new AddressPlaces(port.socketsMax, port.socketsPerAddressMax)
    this.#watchPort = {
      publish: port.publish,
      frames: new FrameBuffer(),
      broke: port.broke,
      isPublishing: port.isPublishing,
      now_ms: () => performance.now(),
      count: (what) => (what === 'refused' ? port.counters.count('viewer_message_refused') : void (this.#counted[what] += 1)),
      held: (bytes) => this.#keep(bytes)
    }
  }

  /** Takes a socket in; undefined where there was no place and it was closed. */
  readonly connect = (socket: ViewerSocket, arrival: Arrival): Watcher | undefined => {
    const giveBack = this.#places.take(arrival.address)
    if (giveBack !== undefined) return this.#watcher(socket, arrival, giveBack)
    this.#port.counters.count('viewer_refused')
    socket.end(CLOSE.tryLater, 'too many viewers, of this address or in all')
    return undefined
  }

  readonly figures = (): WatchFigures => {
    const sum = (of: (stream: WatchedStream) => number): number => this.#all().reduce((total, stream) => total + of(stream), 0)
    return {
      sockets: this.#places.taken,
      behind: sum(({ behind }) => behind),
      streams: this.#streams.size,
      kept_bytes: this.#kept_bytes,
      queued_bytes: sum(({ queued_bytes }) => queued_bytes),
      ...this.#counted
    }
  }

  /** Looks at all queues; cuts the longest where all together are too long. */
  sweep(): void {
    let queued_bytes = 0
    for (const stream of this.#all()) queued_bytes += stream.sweep()
    if (queued_bytes <= QUEUES_BYTES_MAX) return
    const now_ms = this.#watchPort.now_ms()
    const queues = this.#all().flatMap(({ viewers }) => [...viewers]).map((viewer) => ({ viewer, bytes: viewer.queued_bytes }))
    for (const { viewer, bytes } of queues.toSorted((a, b) => b.bytes - a.bytes)) {
      if (queued_bytes <= QUEUES_BYTES_MAX) return
      viewer.take({ _tag: 'Crowded' }, now_ms)
      queued_bytes -= bytes
    }
  }

  /** The edge goes away. */
  leave(): void {
    for (const stream of this.#all()) stream.fail(CLOSE.goingAway, 'this edge is going away: come back on another')
  }

  #all(): ReadonlyArray<WatchedStream> {
    return [...this.#streams.values()].map(({ stream }) => stream)
  }

  #watcher(socket: ViewerSocket, arrival: Arrival, giveBack: () => void): Watcher {
    const { now_ms } = this.#watchPort
    const { stream } = this.#followed(arrival.id)
    const viewer = new Viewer(socket, stream, arrival.rendition, now_ms())
    let absent = (): void => undefined
    stream.enter(viewer, () => (absent = this.#port.present(arrival)))
    return {
      heard: (message) => viewer.take(message, now_ms()),
      overflowed: (message) => stream.overflowed(viewer, message),
      drained: () => viewer.pump(now_ms()),
      left: () => {
        giveBack()
        viewer.closed(now_ms())
        stream.leave(viewer)
        absent()
        if (stream.viewers.size === 0) this.#letGo(stream)
      }
    }
  }

  #followed(id: string): Followed {
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    const stream = new WatchedStream(id, this.#watchPort)
    const followed = { stream, letGo: this.#port.follow(stream, () => this.#letGo(stream)) }
    this.#streams.set(id, followed)
    return followed
  }

  /** Whoever comes now has the stream followed anew. */
  #letGo(stream: WatchedStream): void {
    const followed = this.#streams.get(stream.id)
    if (followed?.stream !== stream) return
    this.#streams.delete(stream.id)
    followed.letGo()
  }

  #keep(bytes: number): void {
    this.#kept_bytes += bytes
    if (bytes <= 0 || this.#kept_bytes <= RINGS_BYTES_MAX) return
    for (const { ring } of this.#all().toSorted((a, b) => b.ring.bytes - a.ring.bytes)) {
      if (this.#kept_bytes <= RINGS_BYTES_MAX) return
      ring.shed()
    }
  }
}
