import type { KeyframeHead } from './keyframeHead.ts'

/** NAL unit types (H.264 table 7-1). */
const IDR = 5
const SPS = 7
const PPS = 8

const isSlice = (type: number): boolean => type >= 1 && type <= 5

/** Index of the next `00 00 01` at or after `from`, or -1. */
const startCode = (bytes: Uint8Array, from: number): number => {
  for (let at = bytes.indexOf(1, from + 2); at !== -1; at = bytes.indexOf(1, at + 1)) {
    if (bytes[at - 1] === 0 && bytes[at - 2] === 0) return at - 2
  }
  return -1
}

const trimZeros = (bytes: Uint8Array, start: number, end: number): Uint8Array => {
  let last = end
  while (last > start && bytes[last - 1] === 0) last--
  return bytes.subarray(start, last)
}

/** One parameter set as text, so that sets can be compared. */
const describe = (nal: Uint8Array): string => `${Buffer.from(nal.buffer, nal.byteOffset, nal.byteLength).toString('hex')};`

/**
 * Reads an access unit in Annex B form (start codes) up to its first slice.
 * Undefined means that more bytes are needed; with `whole` there is always an answer.
 */
export const readAnnexB = (bytes: Uint8Array, whole: boolean): KeyframeHead | undefined => {
  const unfinished: KeyframeHead | undefined = whole ? { key: false } : undefined
  let parameters = ''
  let code = startCode(bytes, 0)
  while (code !== -1) {
    const start = code + 3
    const first = bytes[start]
    if (first === undefined) return unfinished
    const type = first & 31
    if (isSlice(type)) return type === IDR ? { key: true, parameters } : { key: false }
    code = startCode(bytes, start)
    if (code !== -1 && (type === SPS || type === PPS)) parameters += describe(trimZeros(bytes, start, code))
  }
  return unfinished
}

/**
 * Reads an access unit whose NAL units carry a length of `lengthSize` bytes (`avcC`) up to its first slice.
 * Undefined means that more bytes are needed; with `whole` there is always an answer.
 */
export const readLengthPrefixed = (bytes: Uint8Array, lengthSize: number, whole: boolean): KeyframeHead | undefined => {
  const unfinished: KeyframeHead | undefined = whole ? { key: false } : undefined
  let parameters = ''
  let at = 0
  while (at + lengthSize < bytes.length) {
    let length = 0
    for (let i = 0; i < lengthSize; i++) length = length * 256 + (bytes[at + i] ?? 0)
    const start = at + lengthSize
    at = start + length
    const type = (bytes[start] ?? 0) & 31
    if (length > 0 && isSlice(type)) return type === IDR ? { key: true, parameters } : { key: false }
    if (length > 0 && (type === SPS || type === PPS)) parameters += describe(bytes.subarray(start, at))
  }
  return unfinished
}
