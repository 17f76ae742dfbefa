/** The smallest init segments and fragments that a player can place in time; nothing in them can be decoded. */

const box = (name: string, ...contents: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const size = 8 + contents.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, size)
  bytes.set(new TextEncoder().encode(name), 4)
  let at = 8
  for (const content of contents) {
    bytes.set(content, at)
    at += content.length
  }
  return bytes
}

const numbers = (...values: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4)
  values.forEach((value, index) => new DataView(bytes.buffer).setUint32(index * 4, value))
  return bytes
}

/** An init segment of so many ticks per second. */
export const initOf = (timescale: number): Uint8Array<ArrayBuffer> =>
  box('moov', box('mvhd', numbers(0)), box('trak', box('tkhd', numbers(0)), box('mdia', box('mdhd', numbers(0, 0, 0, timescale, 0)))))

/** A fragment that begins at `ticks`. */
export const fragmentAt = (ticks: number, version: 0 | 1 = 0): Uint8Array<ArrayBuffer> => {
  const time = version === 0 ? numbers(0, ticks) : numbers(0x0100_0000, Math.floor(ticks / 2 ** 32), ticks % 2 ** 32)
  return box('moof', box('mfhd', numbers(0, 1)), box('traf', box('tfhd', numbers(0, 1)), box('tfdt', time)))
}
