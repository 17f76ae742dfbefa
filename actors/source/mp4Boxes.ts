/** The head of a box (ISO/IEC 14496-12 §4.2). */
export interface BoxHead {
  readonly type: string
  /** Bytes of the whole box, head included. */
  readonly size: number
  /** Bytes of the head. */
  readonly length: number
}

/** A big-endian view of the same memory. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** An unsigned 64-bit number; not exact above 2^53. */
export const uint64 = (view: DataView, at: number): number => view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)

/** A signed 64-bit number; not exact beyond ±2^53. */
export const int64 = (view: DataView, at: number): number => view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4)

/** The head of the box at `at`; `need` counts from there. A size of 0 (to the end of the file) or less than its head is malformed. */
export const readBoxHead = (bytes: Uint8Array, at: number): BoxHead | { readonly need: number } | 'malformed' => {
  if (at + 8 > bytes.length) return { need: 8 }
  const view = viewOf(bytes)
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
  const size = view.getUint32(at)
  if (size !== 1) return size < 8 ? 'malformed' : { type, size, length: 8 }
  if (at + 16 > bytes.length) return { need: 16 }
  const large = uint64(view, at + 8)
  return large < 16 ? 'malformed' : { type, size: large, length: 16 }
}

/** A box within one that is complete. */
export interface Box {
  readonly type: string
  /** Without the head. */
  readonly content: Uint8Array
  /** Where the content begins in the bytes that were read. */
  readonly at: number
}

/** The boxes that fill `bytes` from `from` on, in order; undefined when they do not add up. */
export const readBoxes = (bytes: Uint8Array, from = 0): ReadonlyArray<Box> | undefined => {
  const boxes: Array<Box> = []
  let at = from
  while (at < bytes.length) {
    const head = readBoxHead(bytes, at)
    if (head === 'malformed' || 'need' in head || at + head.size > bytes.length) return undefined
    boxes.push({ type: head.type, content: bytes.subarray(at + head.length, at + head.size), at: at + head.length })
    at += head.size
  }
  return boxes
}

/** The content of the first box at the end of a path, for instance `mdia/minf/stbl`. */
export const findBox = (bytes: Uint8Array, path: string): Uint8Array | undefined => {
  let content: Uint8Array | undefined = bytes
  for (const type of path.split('/')) content = content && readBoxes(content)?.find((box) => box.type === type)?.content
  return content
}
