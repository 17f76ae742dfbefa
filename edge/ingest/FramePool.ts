import { FRAME_HEADROOM_BYTES, POOLED_FRAME_BYTES_MAX, POOLED_FRAME_BYTES_MIN } from './limits.ts'

/**
 * Buffers for the frames of publishers, used again once their bytes are durable. Each has room in front of the media, so
 * that the record is written around it. Without this each frame is two fresh allocations outside the heap, and what the
 * collector does about them costs more than everything else that happens to a frame.
 *
 * A buffer that is not given back is the collector's, as any other: whoever is not sure that nobody reads it any more
 * just drops it.
 */
export class FramePool {
  /** Free buffers by size: powers of two. */
  readonly #free = new Map<number, Array<ArrayBuffer>>()
  readonly #made = new WeakSet<ArrayBufferLike>()
  readonly #freeBytesMax: number
  #freeBytes = 0

  /** Keeps at most so many bytes of free buffers. */
  constructor(freeBytesMax: number) {
    this.#freeBytesMax = freeBytesMax
  }

  /** Bytes of buffers that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Copies a frame into a buffer of its own, with headroom where the pool has buffers of that size. */
  copy(frame: ArrayBuffer): Uint8Array {
    if (sizeFor(frame.byteLength) > POOLED_FRAME_BYTES_MAX) return new Uint8Array(frame.slice(0))
    const bytes = this.make(frame.byteLength)
    bytes.set(new Uint8Array(frame))
    return bytes
  }

  /** So many bytes of whatever value, with headroom where the pool has buffers of that size. */
  make(bytes: number): Uint8Array {
    const size = sizeFor(bytes)
    return size > POOLED_FRAME_BYTES_MAX ? new Uint8Array(bytes) : new Uint8Array(this.#take(size), FRAME_HEADROOM_BYTES, bytes)
  }

  /** How many bytes in front of `bytes` may be written: none where the buffer is not of this pool. */
  headroom(bytes: Uint8Array): number {
    return this.#made.has(bytes.buffer) ? FRAME_HEADROOM_BYTES : 0
  }

  /** Takes the buffer of a frame back. Nobody may read or write it from now on; it is given back once. */
  giveBack({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || !this.#made.has(buffer)) return
    if (this.#freeBytes + buffer.byteLength > this.#freeBytesMax) return
    this.#freeBytes += buffer.byteLength
    const free = this.#free.get(buffer.byteLength)
    if (free === undefined) this.#free.set(buffer.byteLength, [buffer])
    else free.push(buffer)
  }

  #take(size: number): ArrayBuffer {
    const free = this.#free.get(size)?.pop()
    if (free !== undefined) {
      this.#freeBytes -= size
      return free
    }
    const buffer = new ArrayBuffer(size)
    this.#made.add(buffer)
    return buffer
  }
}

/** The smallest power of two that holds a frame and its headroom. */
const sizeFor = (bytes: number): number => {
  const needed = bytes + FRAME_HEADROOM_BYTES
  return needed <= POOLED_FRAME_BYTES_MIN ? POOLED_FRAME_BYTES_MIN : 2 ** Math.ceil(Math.log2(needed))
}
