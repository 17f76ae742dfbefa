/**
 * A label that a picture carries about itself: 96 bits in 3 rows of 32 black or white squares along its top edge.
 * 48 bits wall clock (ms since 1970), 32 bits frame number, 16 bits CRC-16/CCITT. A square's side is width / 32, so the
 * label survives scaling and hard compression. Reading needs nothing but arithmetic: `labelReaderSource` is the same
 * code as text, for use inside a browser page.
 */

/** What a picture says about itself. */
export interface Label {
  /** When the picture was taken, ms since 1970. */
  readonly clock_ms: number
  readonly frame: number
}

const columns = 32
const rows = 3

/** Width and height of the strip of grey samples that `readLabel` takes: 4 × 4 samples a square. */
export const stripSize = { width: columns * 4, height: rows * 4 } as const

/** Height of the label in a picture of this width, in lines. */
export const labelHeight = (width: number): number => rows * Math.floor(width / columns)

const checksum16 = (bytes: Uint8Array): number => {
  let register = 0xffff
  for (const byte of bytes) {
    register ^= byte << 8
    for (let bit = 0; bit < 8; bit++) register = ((register << 1) ^ (register & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return register
}

const encodeLabel = (label: Label): Uint8Array => {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, Math.floor(label.clock_ms / 0x1_0000_0000))
  view.setUint32(2, label.clock_ms % 0x1_0000_0000)
  view.setUint32(6, label.frame)
  view.setUint16(10, checksum16(bytes.subarray(0, 10)))
  return bytes
}

/** Paints a label into the luma plane (one byte a pixel, `width` a line) of a picture at least 32 wide. */
export const paintLabel = (luma: Uint8Array, width: number, label: Label): void => {
  const bytes = encodeLabel(label)
  const side = Math.floor(width / columns)
  for (let row = 0; row < rows; row++) {
    const top = row * side * width
    for (let column = 0; column < columns; column++) {
      const bit = row * columns + column
      const white = ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
      luma.fill(white ? 235 : 16, top + column * side, top + (column + 1) * side)
    }
    for (let line = 1; line < side; line++) luma.copyWithin(top + line * width, top, top + columns * side)
  }
}

/**
 * Reads a label from `stripSize` samples, `stride` bytes apart (1 for grey, 4 for RGBA), starting at `offset`.
 * `undefined`: there is no readable label.
 */
export const readLabel = (samples: ArrayLike<number>, stride = 1, offset = 0): Label | undefined => {
  const light = new Array<number>(96)
  for (let square = 0; square < 96; square++) {
    const left = (square % 32) * 4 + 1
    const top = (square >> 5) * 4 + 1
    let sum = 0
    for (const at of [top * 128 + left, top * 128 + left + 1, (top + 1) * 128 + left, (top + 1) * 128 + left + 1])
      sum += samples[offset + at * stride] ?? 0
    light[square] = sum
  }
  const threshold = (Math.min(...light) + Math.max(...light)) / 2
  if (Math.max(...light) - threshold < 80) return undefined
  const bytes = new Uint8Array(12)
  light.forEach((sum, square) => {
    if (sum > threshold) bytes[square >> 3] = (bytes[square >> 3] ?? 0) | (0x80 >> (square & 7))
  })
  const view = new DataView(bytes.buffer)
  if (view.getUint16(10) !== checksum16(bytes.subarray(0, 10))) return undefined
  return { clock_ms: view.getUint16(0) * 0x1_0000_0000 + view.getUint32(2), frame: view.getUint32(6) }
}

/** JavaScript text that declares `encodeLabel(label)`, which gives a label's bits as bytes, for use inside a browser page. */
export const labelWriterSource = `const checksum16 = ${checksum16.toString()}\nconst encodeLabel = ${encodeLabel.toString()}`

/** JavaScript text that declares `readLabel(samples, stride, offset)`, for use inside a browser page. */
export const labelReaderSource = `const checksum16 = ${checksum16.toString()}\nconst readLabel = ${readLabel.toString()}`
