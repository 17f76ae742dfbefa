/** The two numbers of fragmented MP4 that tell where a fragment lies in time (ISO 14496-12). Pure, bounded by the bytes. */

const nameAt = (view: DataView, at: number): string => String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))

/** Finds the content of the first box at the end of `path`, or `undefined`. */
const find = (view: DataView, path: ReadonlyArray<string>): DataView | undefined => {
  const [name, ...deeper] = path
  if (name === undefined) return view
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at)
    if (size < 8 || at + size > view.byteLength) return undefined
    if (nameAt(view, at + 4) === name) return find(new DataView(view.buffer, view.byteOffset + at + 8, size - 8), deeper)
    at += size
  }
  return undefined
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Ticks per second of an init segment's first track; `undefined`: the bytes are none. */
export const timescaleOf = (init: Uint8Array): number | undefined => {
  const header = find(viewOf(init), ['moov', 'trak', 'mdia', 'mdhd'])
  const at = header && header.byteLength > 0 && header.getUint8(0) === 1 ? 20 : 12
  if (header === undefined || header.byteLength < at + 4) return undefined
  return header.getUint32(at) || undefined
}

/** Where a fragment begins, in ticks of its track (`tfdt`); `undefined`: the bytes are none. */
export const decodeTimeOf = (fragment: Uint8Array): number | undefined => {
  const time = find(viewOf(fragment), ['moof', 'traf', 'tfdt'])
  if (time === undefined || time.byteLength < 8) return undefined
  if (time.getUint8(0) === 0) return time.getUint32(4)
  return time.byteLength < 12 ? undefined : Number(time.getBigUint64(4))
}
