import { crc32c } from '../../runtime/checksum.ts'
import type { StoredHalf } from './ingestHead.ts'

/** Part of a frame that goes into one record: from `from` up to, not including, `to`. */
export interface PieceRange {
  readonly from: number
  readonly to: number
}

/** Cuts a frame of so many bytes into pieces of at most `pieceBytes`; an empty frame is one empty piece. */
export const cutFrame = (bytes: number, pieceBytes: number): ReadonlyArray<PieceRange> => {
  const pieces: Array<PieceRange> = []
  for (let from = 0; from === 0 || from < bytes; from += pieceBytes) {
    pieces.push({ from, to: Math.min(bytes, from + pieceBytes) })
  }
  return pieces
}

/**
 * Cuts a frame whose first pieces are stored already as it was cut then. Undefined where it is not the same frame: other
 * bytes in the stored pieces, or another number of pieces.
 */
export const cutAsStored = (frame: Uint8Array, half: StoredHalf): ReadonlyArray<PieceRange> | undefined => {
  const pieceBytes = half.stored[0]?.bytes ?? 0
  if (pieceBytes === 0) return undefined
  const ranges = cutFrame(frame.length, pieceBytes)
  if (ranges.length !== half.pieces) return undefined
  const same = half.stored.every(({ bytes, crc32c: stored }, index) => {
    const range = ranges[index]
    return range !== undefined && range.to - range.from === bytes && crc32c(frame.subarray(range.from, range.to)) === stored
  })
  return same ? ranges : undefined
}
