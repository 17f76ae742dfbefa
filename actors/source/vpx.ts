import type { KeyframeHead } from './keyframeHead.ts'

/** Reads the head of a VP8 frame (RFC 6386 §9.1). Undefined means that more bytes are needed. */
export const readVp8 = (bytes: Uint8Array, whole: boolean): KeyframeHead | undefined => {
  const tag = bytes[0]
  if (tag === undefined) return whole ? { key: false } : undefined
  if ((tag & 1) === 1) return { key: false }
  if (bytes.length < 10) return whole ? { key: false } : undefined
  if (bytes[3] !== 0x9d || bytes[4] !== 0x01 || bytes[5] !== 0x2a) return { key: false }
  const width = ((bytes[6] ?? 0) | ((bytes[7] ?? 0) << 8)) & 0x3fff
  const height = ((bytes[8] ?? 0) | ((bytes[9] ?? 0) << 8)) & 0x3fff
  return { key: true, parameters: `${width}x${height}`, size: { width, height } }
}

/** Longest uncompressed header up to the frame size of a VP9 keyframe, in bytes. */
const VP9_HEAD_BYTES = 12

/** Reads the uncompressed header of a VP9 frame up to its size (VP9 bitstream specification §6.2). Undefined means that more bytes are needed. */
export const readVp9 = (bytes: Uint8Array, whole: boolean): KeyframeHead | undefined => {
  if (bytes.length < VP9_HEAD_BYTES && !whole) return undefined
  let at = 0
  const bits = (count: number): number => {
    let value = 0
    for (let i = 0; i < count; i++, at++) value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1)
    return value
  }
  if (bits(2) !== 2) return { key: false }
  const profile = bits(1) + 2 * bits(1)
  if (profile === 3) bits(1)
  const showExisting = bits(1)
  const interFrame = bits(1)
  bits(2)
  if (showExisting === 1 || interFrame === 1 || bits(24) !== 0x498342) return { key: false }
  const depth = profile >= 2 ? bits(1) : 0
  const colorSpace = bits(3)
  const subsampled = profile === 1 || profile === 3
  const color = colorSpace === 7 ? bits(subsampled ? 1 : 0) : bits(subsampled ? 4 : 1)
  const width = bits(16) + 1
  const height = bits(16) + 1
  return { key: true, parameters: `${profile}/${depth}/${colorSpace}/${color}/${width}x${height}`, size: { width, height } }
}
