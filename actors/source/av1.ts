import type { KeyframeHead } from './keyframeHead.ts'

/** OBU types (AV1 specification §6.2.2). */
const SEQUENCE_HEADER = 1
const FRAME_HEADER = 3
const FRAME = 6

interface Obu {
  readonly type: number
  readonly start: number
  readonly end: number
}

/** The OBU at `at` (§5.3); undefined when its head is cut off. Without a size it reaches to the end. */
const readObu = (bytes: Uint8Array, at: number): Obu | undefined => {
  const first = bytes[at]
  if (first === undefined) return undefined
  let start = at + ((first & 4) === 4 ? 2 : 1)
  const type = (first >> 3) & 15
  if ((first & 2) === 0) return { type, start, end: Number.POSITIVE_INFINITY }
  let size = 0
  for (let i = 0; i < 8; i++) {
    const byte = bytes[start]
    if (byte === undefined) return undefined
    start++
    size += (byte & 127) * 128 ** i
    if (byte < 128) break
  }
  return { type, start, end: start + size }
}

/** Reads a temporal unit up to its first frame header (AV1 specification §5.5, §5.9). Undefined means that more bytes are needed. */
export const readAv1 = (bytes: Uint8Array, whole: boolean): KeyframeHead | undefined => {
  const unfinished: KeyframeHead | undefined = whole ? { key: false } : undefined
  let parameters = ''
  let reduced = false
  let obu = readObu(bytes, 0)
  while (obu !== undefined) {
    const first = bytes[obu.start]
    if (obu.type === FRAME || obu.type === FRAME_HEADER) {
      if (first === undefined) return unfinished
      return reduced || (first & 0xe0) === 0 ? { key: true, parameters } : { key: false }
    }
    if (obu.type === SEQUENCE_HEADER) {
      if (first === undefined || obu.end > bytes.length) return unfinished
      reduced = (first & 8) === 8
      parameters = Buffer.from(bytes.subarray(obu.start, obu.end)).toString('hex')
    }
    obu = readObu(bytes, obu.end)
  }
  return unfinished
}
