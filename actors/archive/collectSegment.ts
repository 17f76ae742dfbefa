import { fromBinary } from '@bufbuild/protobuf'
import { FragmentsSchema, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { Fragment, Fragments, Init, MediaRecord, Piece } from '../../proto/gen/millrace/v1/media_pb.js'
import type { SegmentClosed } from '../../proto/gen/millrace/v1/segment_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { LogEntry } from '../../runtime/Log.ts'

/** What the cited part of the MEDIA log says of an announced segment. */
export type Collected =
  /** It is there as announced. */
  | { readonly _tag: 'Whole'; readonly data: Uint8Array; readonly inits: ReadonlyArray<Init>; readonly windowStartSeq: number }
  /** The log holds none of it: the announcement is nobody's, or the log was trimmed since. */
  | { readonly _tag: 'Absent' }
  /** The log holds something else than what was announced. */
  | { readonly _tag: 'Damaged'; readonly reason: string }

/**
 * Builds the segment that `announced` tells of from the MEDIA records of its stream from its first to its last
 * sequence: its fragments in order, bytes copied once; with all init segments that came by, and where the live window
 * began (`windowStartSeq`). Frames, bytes and every checksum must be those announced.
 */
export const collectSegment = (announced: SegmentClosed, entries: ReadonlyArray<LogEntry>): Collected => {
  const found: Array<Fragment> = []
  const inits: Array<Init> = []
  let windowStartSeq = 0
  try {
    for (const { seq, record, fragments } of wholeRecords(entries)) {
      if (windowStartSeq === 0) windowStartSeq = Number(record.checkpoint?.windowStartSeq ?? 0n) || seq
      inits.push(...fragments.inits)
      found.push(...fragments.fragments.filter(({ rendition, msn }) => rendition === announced.rendition && msn === announced.msn))
    }
  } catch (error) {
    return { _tag: 'Damaged', reason: `a record cannot be read: ${String(error)}` }
  }
  if (found.length === 0) return { _tag: 'Absent' }
  const reason = mismatch(announced, found)
  return reason === undefined ? { _tag: 'Whole', data: joined(found.map(({ data }) => data)), inits, windowStartSeq } : { _tag: 'Damaged', reason }
}

/** All init segments in a range of the MEDIA log; what cannot be read has none. */
export const collectInits = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<Init> => {
  try {
    return [...wholeRecords(entries)].flatMap(({ fragments }) => fragments.inits)
  } catch {
    return []
  }
}

/** Whether the record at `from` has pieces that lie before all of `entries`. */
export const lacksFirstPieces = (entries: ReadonlyArray<LogEntry>, from: number): boolean => {
  const index = entries.findIndex(({ seq }) => seq >= from)
  const entry = entries[index]
  if (entry === undefined) return false
  try {
    const { body } = fromBinary(MediaRecordSchema, entry.data)
    return body.case === 'piece' && body.value.piece > index
  } catch {
    return false
  }
}

interface WholeRecord {
  readonly seq: number
  readonly record: MediaRecord
  readonly fragments: Fragments
}

/** Records with fragments, pieces put together. Pieces that a dead owner left by half are dropped: its successor wrote them again. */
function* wholeRecords(entries: ReadonlyArray<LogEntry>): Generator<WholeRecord> {
  let pieces: Array<Piece> = []
  for (const { seq, data } of entries) {
    const record = fromBinary(MediaRecordSchema, data)
    const { body } = record
    if (body.case === 'fragments') yield { seq, record, fragments: body.value }
    if (body.case !== 'piece') {
      pieces = []
      continue
    }
    pieces = body.value.piece === pieces.length ? [...pieces, body.value] : body.value.piece === 0 ? [body.value] : []
    if (pieces.length < body.value.pieces) continue
    yield { seq, record, fragments: fromBinary(FragmentsSchema, joined(pieces.map((piece) => piece.data))) }
    pieces = []
  }
}

const mismatch = (announced: SegmentClosed, found: ReadonlyArray<Fragment>): string | undefined => {
  const damaged = found.find((fragment) => crc32c(fragment.data) !== fragment.crc32c)
  if (damaged !== undefined) return `a fragment of part ${damaged.part} does not match its checksum`
  const frames = found.reduce((sum, fragment) => sum + fragment.frames, 0)
  if (frames !== announced.frames) return `${frames} frames in the log, ${announced.frames} announced`
  const bytes = found.reduce((sum, fragment) => sum + fragment.data.length, 0)
  return bytes === Number(announced.bytes) ? undefined : `${bytes} bytes in the log, ${announced.bytes} announced`
}

const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
