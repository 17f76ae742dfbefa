/** A box inside a buffer; `start` is where its content begins, `end` where the box ends. */
export interface BoxSpan {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** The view that all readers here use; its getters throw `RangeError` past the end, which is the bounds check. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The four-character code at `offset`. */
const fourcc = (view: DataView, offset: number): string =>
  String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  )

/**
 * The boxes that lie side by side in `start..end`. Throws `RangeError` where one reaches past `end` or is shorter than
 * its header. (Boxes with 64-bit sizes exist only at the top level of what is read here.)
 */
export const boxesIn = (view: DataView, start: number, end: number): Array<BoxSpan> => {
  const spans: Array<BoxSpan> = []
  let at = start
  while (at < end) {
    const size = view.getUint32(at)
    const type = fourcc(view, at + 4)
    if (size < 8 || at + size > end) throw new RangeError(`box ${type} of ${size} bytes does not fit its parent`)
    spans.push({ type, start: at + 8, end: at + size })
    at += size
  }
  return spans
}

/** The only child of that type along `path`. Throws `RangeError` when one of them is missing. */
export const boxAt = (view: DataView, within: BoxSpan, path: ReadonlyArray<string>): BoxSpan => {
  let span = within
  for (const type of path) {
    const child = boxesIn(view, span.start, span.end).find((box) => box.type === type)
    if (child === undefined) throw new RangeError(`${span.type} has no ${type}`)
    span = child
  }
  return span
}
