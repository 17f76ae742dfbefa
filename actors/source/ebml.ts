/** An element's id and size (RFC 8794 §5, §6). */
export interface ElementHead {
  /** With its marker bits, as in the specification's tables: `0x1f43b675` is a Cluster. */
  readonly id: number
  /** Bytes of content; `Infinity` when the size is unknown. */
  readonly size: number
  /** Bytes of the head itself. */
  readonly length: number
}

/** What could be made of bytes that may be too few (`need` counts from where reading began) or malformed. */
export type Read<A> = A | { readonly need: number } | 'malformed'

/** Whether reading succeeded. */
export const isRead = <A extends object>(read: Read<A>): read is A => read !== 'malformed' && !('need' in read)

/** Bytes of a variable-size integer by its first byte; 9 when that is none. */
const vintLength = (first: number): number => Math.clz32(first) - 23

/** A variable-size integer without its marker bit (RFC 8794 §4); `Infinity` when all its bits are set. */
export const readVint = (bytes: Uint8Array, at: number): Read<{ readonly value: number; readonly length: number }> => {
  const first = bytes[at]
  if (first === undefined) return { need: 1 }
  const length = vintLength(first)
  if (length > 8) return 'malformed'
  if (at + length > bytes.length) return { need: length }
  const mask = 0xff >> length
  let value = first & mask
  let ones = value === mask
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0
    value = value * 256 + byte
    ones = ones && byte === 0xff
  }
  if (ones) return { value: Number.POSITIVE_INFINITY, length }
  return value > Number.MAX_SAFE_INTEGER ? 'malformed' : { value, length }
}

/** The head of the element that begins at `at`. Ids are at most 4 bytes. */
export const readElementHead = (bytes: Uint8Array, at: number): Read<ElementHead> => {
  const first = bytes[at]
  if (first === undefined) return { need: 1 }
  const idLength = vintLength(first)
  if (idLength > 4) return 'malformed'
  if (at + idLength >= bytes.length) return { need: idLength + 1 }
  let id = 0
  for (let i = 0; i < idLength; i++) id = id * 256 + (bytes[at + i] ?? 0)
  const size = readVint(bytes, at + idLength)
  if (size === 'malformed') return size
  if ('need' in size) return { need: idLength + size.need }
  return { id, size: size.value, length: idLength + size.length }
}

/** An unsigned integer of 0 to 8 bytes; not exact above 2^53. */
export const readUint = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0)

/** A float of 4 or 8 bytes; 0 when it is empty, NaN in any other length. */
export const readFloat = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length === 4) return view.getFloat32(0)
  if (bytes.length === 8) return view.getFloat64(0)
  return bytes.length === 0 ? 0 : Number.NaN
}

/** The elements that fill `content`, in order; undefined when it is not made of whole elements. */
export const readElements = (content: Uint8Array): ReadonlyArray<{ readonly id: number; readonly content: Uint8Array }> | undefined => {
  const elements = []
  let at = 0
  while (at < content.length) {
    const head = readElementHead(content, at)
    if (!isRead(head)) return undefined
    const start = at + head.length
    if (head.size > content.length - start) return undefined
    elements.push({ id: head.id, content: content.subarray(start, start + head.size) })
    at = start + head.size
  }
  return elements
}
