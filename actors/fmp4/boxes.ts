import { BoxInvalid } from './errors.ts'

/** Greatest top-level box that is taken. An `mdat` holds one frame here, and keyframes reach a few MB. */
const BOX_BYTES_MAX = 64 * 1024 * 1024

const HEADER_BYTES = 8
const LARGE_HEADER_BYTES = 16

/** One whole box. */
export interface Box {
  /** Four characters, for instance `moof`. */
  readonly type: string
  /** 8, or 16 where the size takes 64 bits. */
  readonly headerBytes: number
  /** The whole box, header included. */
  readonly bytes: Uint8Array
}

/** What `BoxSplitter.push` found: the boxes that are now whole, and the error after which no box will come. */
export interface SplitBoxes {
  readonly boxes: ReadonlyArray<Box>
  readonly error: BoxInvalid | undefined
}

interface Header {
  readonly type: string
  readonly headerBytes: number
  readonly size: number
}

/**
 * Cuts a byte stream into top-level boxes. A box that comes in one push is a view on its bytes; pieces of a longer one
 * are kept as they came and joined once, so each byte is copied at most once. Nothing is thrown: nonsense ends the
 * splitter with a `BoxInvalid` that every later push repeats.
 */
export class BoxSplitter {
  readonly #boxBytesMax: number
  #pieces: Array<Uint8Array> = []
  #pendingBytes = 0
  #header: Header | undefined
  #error: BoxInvalid | undefined

  constructor(boxBytesMax: number = BOX_BYTES_MAX) {
    this.#boxBytesMax = boxBytesMax
  }

  /** True when the bytes so far end exactly where a box ends. */
  get atBorder(): boolean {
    return this.#pendingBytes === 0 && this.#error === undefined
  }

  /** Takes the next bytes of the stream, which the caller must not change afterwards. */
  push(bytes: Uint8Array): SplitBoxes {
    const boxes: Array<Box> = []
    let start = 0
    while (this.#error === undefined) {
      const header = this.#header ?? this.#readHeader(bytes, start)
      if (header === undefined) break
      this.#header = header
      const end = start + header.size - this.#pendingBytes
      if (end > bytes.length) break
      boxes.push(this.#finish(header, bytes.subarray(start, end)))
      start = end
    }
    if (this.#error === undefined && start < bytes.length) {
      this.#pieces.push(bytes.subarray(start))
      this.#pendingBytes += bytes.length - start
    }
    return { boxes, error: this.#error }
  }

  #finish(header: Header, last: Uint8Array): Box {
    const bytes = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last])
    this.#pieces = []
    this.#pendingBytes = 0
    this.#header = undefined
    return { type: header.type, headerBytes: header.headerBytes, bytes }
  }

  /** Undefined while too few bytes are there, or when they are no header (then `#error` is set). */
  #readHeader(bytes: Uint8Array, start: number): Header | undefined {
    const head = this.#peek(bytes, start)
    if (head.length < HEADER_BYTES) return undefined
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
    const type = String.fromCharCode(...head.subarray(4, 8))
    const isLarge = view.getUint32(0) === 1
    if (isLarge && head.length < LARGE_HEADER_BYTES) return undefined
    const size = isLarge ? Number(view.getBigUint64(8)) : view.getUint32(0)
    const headerBytes = isLarge ? LARGE_HEADER_BYTES : HEADER_BYTES
    if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return this.#refuse('box type is not four printable characters')
    if (size < headerBytes) return this.#refuse(`box ${type} says it has ${size} bytes`)
    if (size > this.#boxBytesMax) return this.#refuse(`box ${type} of ${size} bytes is over ${this.#boxBytesMax}`)
    return { type, headerBytes, size }
  }

  /** The first bytes of the box that begins in the pending pieces (fewer than a header then) or at `start`. */
  #peek(bytes: Uint8Array, start: number): Uint8Array {
    const here = bytes.subarray(start, start + LARGE_HEADER_BYTES)
    return this.#pieces.length === 0 ? here : Buffer.concat([...this.#pieces, here])
  }

  #refuse(message: string): undefined {
    this.#error = new BoxInvalid({ message })
    this.#pieces = []
    return undefined
  }
}
