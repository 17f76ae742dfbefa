/** Bytes before the payload of each binary message to a viewer. */
export const HEADER_BYTES = 16

/** First byte of a message. */
export const KIND = { init: 1, fragment: 2 } as const

const FRAME_BUFFER_BYTES_MIN = 128 * 1024

const RANDOM_ACCESS = 1
const DISCONTINUITY = 2

/** What a binary message says of its payload. */
export interface FrameHeader {
  readonly kind: keyof typeof KIND
  /** A video keyframe begins the fragment; always so for audio. */
  readonly randomAccess: boolean
  /** Timestamps or codec parameters do not continue those before. */
  readonly discontinuity: boolean
  /** Index in the list of renditions. */
  readonly rendition: number
  /** Media sequence number of its segment. */
  readonly msn: number
  /** Wall clock of its start, ms since 1970. */
  readonly programDateTime_ms: number
}

/**
 * The first 16 bytes of a binary message, big-endian: u8 kind, u8 flags, u16 rendition, u32 media sequence number, f64
 * program date-time in ms. The payload follows. An init segment's header is that of the fragment that follows it.
 */
export const encodeHeader = (header: FrameHeader): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, KIND[header.kind])
  view.setUint8(1, (header.randomAccess ? RANDOM_ACCESS : 0) | (header.discontinuity ? DISCONTINUITY : 0))
  view.setUint16(2, header.rendition)
  view.setUint32(4, header.msn)
  view.setFloat64(8, header.programDateTime_ms)
  return bytes
}

/** The header of the init segment that goes before a fragment: the fragment's own, but for the kind. */
export const initHeader = (fragment: Uint8Array): Uint8Array => {
  const bytes = fragment.slice()
  bytes[0] = KIND.init
  return bytes
}

/**
 * Where messages are put together to be sent. uWebSockets.js copies what it sends before it returns, so one buffer serves
 * all messages of an edge: a fresh one for each would be given to the collector, which costs more than the copy.
 */
export class FrameBuffer {
  #bytes = new Uint8Array(FRAME_BUFFER_BYTES_MIN)

  /** Header and payload in one piece, which holds until the next is put together. */
  join(header: Uint8Array, payload: Uint8Array): Uint8Array {
    const bytes = header.byteLength + payload.byteLength
    if (bytes > this.#bytes.byteLength) this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)))
    this.#bytes.set(header)
    this.#bytes.set(payload, header.byteLength)
    return this.#bytes.subarray(0, bytes)
  }
}

/** Payload of an init segment's message: u16 length, that many bytes of JSON with the MIME type, the init segment. */
export const initPayload = (mimeType: string, init: Uint8Array): Uint8Array => {
  const text = Buffer.from(JSON.stringify({ mimeType }))
  const payload = new Uint8Array(2 + text.byteLength + init.byteLength)
  new DataView(payload.buffer).setUint16(0, text.byteLength)
  payload.set(text, 2)
  payload.set(init, 2 + text.byteLength)
  return payload
}

/** Reads a message's header; undefined where it is none. */
export const readHeader = (frame: Uint8Array): FrameHeader | undefined => {
  if (frame.byteLength < HEADER_BYTES) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, HEADER_BYTES)
  const kind = view.getUint8(0)
  if (kind !== KIND.init && kind !== KIND.fragment) return undefined
  const flags = view.getUint8(1)
  return {
    kind: kind === KIND.init ? 'init' : 'fragment',
    randomAccess: (flags & RANDOM_ACCESS) !== 0,
    discontinuity: (flags & DISCONTINUITY) !== 0,
    rendition: view.getUint16(2),
    msn: view.getUint32(4),
    programDateTime_ms: view.getFloat64(8)
  }
}

/** Gives a header another rendition number, in place: for fragments kept while the list of renditions changes. */
export const renumber = (header: Uint8Array, rendition: number): void => new DataView(header.buffer, header.byteOffset, HEADER_BYTES).setUint16(2, rendition)
