import { SOURCE_HEADER_BYTES_MAX, SOURCE_MOOF_BYTES_MAX } from '../limits.ts'
import { isRead, readElementHead } from './ebml.ts'
import { viewOf } from './mp4Boxes.ts'
import type { Container } from './sourceFacts.ts'
import { Id } from './webmIds.ts'

/** Where in some bytes reading may begin again. `certain` is false where more bytes are needed to tell; nothing before `at` is. */
export interface Landmark {
  readonly at: number
  readonly certain: boolean
}

/** A Timestamp has at most 8 bytes; an EBML header is far shorter than this. */
const TIMESTAMP_BYTES_MAX = 8
const CRC_BYTES = 4
const EBML_BYTES_MAX = 1_024
const MFHD_BYTES = 16

type Judgement = 'yes' | 'no' | 'unknown'

/** A Cluster with its Timestamp, or another source's EBML header. */
const judgeWebm = (bytes: Uint8Array, at: number): Judgement => {
  const head = readElementHead(bytes, at)
  if (head === 'malformed') return 'no'
  if (!isRead(head)) return 'unknown'
  if (head.id === Id.ebml) return head.size <= EBML_BYTES_MAX ? 'yes' : 'no'
  if (head.id !== Id.cluster) return 'no'
  const first = readElementHead(bytes, at + head.length)
  // A checksum stands before all else (RFC 8794 §11.3.1).
  const hasChecksum = isRead(first) && first.id === Id.crc32 && first.size === CRC_BYTES
  const child = hasChecksum ? readElementHead(bytes, at + head.length + first.length + first.size) : first
  if (child === 'malformed') return 'no'
  if (!isRead(child)) return 'unknown'
  return child.id === Id.timestamp && child.size <= TIMESTAMP_BYTES_MAX ? 'yes' : 'no'
}

/** A `moof` that begins with its `mfhd`, or another source's `ftyp`. */
const judgeMp4 = (bytes: Uint8Array, at: number): Judgement => {
  if (at + 16 > bytes.length) return 'unknown'
  const size = viewOf(bytes).getUint32(at)
  const type = typeAt(bytes, at + 4)
  if (type === 'ftyp') return size >= 16 && size <= SOURCE_HEADER_BYTES_MAX ? 'yes' : 'no'
  if (type !== 'moof') return 'no'
  return size > MFHD_BYTES && size <= SOURCE_MOOF_BYTES_MAX && viewOf(bytes).getUint32(at + 8) === MFHD_BYTES && typeAt(bytes, at + 12) === 'mfhd' ? 'yes' : 'no'
}

const typeAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

/** First bytes of what is looked for: of the element ids in WebM, of the types in MP4, which stand behind a size. */
const BEGINNINGS = { webm: [0x1f, 0x1a], mp4: [0x6d, 0x66] } as const
const BEFORE = { webm: 0, mp4: 4 } as const

/**
 * The first place where a source of known header may be read again after bytes of it were lost. It may still be none: what
 * is read from there must make sense.
 */
export const findLandmark = (container: Container, bytes: Uint8Array): Landmark => {
  const judge = container === 'webm' ? judgeWebm : judgeMp4
  const [one, other] = BEGINNINGS[container]
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at + BEFORE[container]]
    if (byte !== undefined && byte !== one && byte !== other) continue
    const judged = byte === undefined ? 'unknown' : judge(bytes, at)
    if (judged !== 'no') return { at, certain: judged === 'yes' }
  }
  return { at: bytes.length, certain: false }
}
