import { framesIn } from '../../actors/inbox/ingestRecord.ts'
import type { Chunk, EndReason, IngestRecord } from '../../proto/gen/millrace/v1/ingest_pb.js'

/** A piece of a frame that the log holds already. */
export interface StoredPiece {
  readonly bytes: number
  readonly crc32c: number
}

/** Pieces of frame `nextSeq` that were stored before this session. */
export interface StoredHalf {
  /** Sequence of piece 0 in the log. */
  readonly firstSeq: number
  /** How many pieces the whole frame has. */
  readonly pieces: number
  readonly stored: ReadonlyArray<StoredPiece>
}

/** Where an epoch stands, as the newest record of `ingest.{id}` tells it. */
export interface EpochPosition {
  readonly session: number
  readonly epoch: number
  /** Frame expected next, and the byte offset in the epoch at which it begins. */
  readonly nextSeq: number
  readonly nextOffset: number
  readonly mimeType: string
  /** Sequence of piece 0 of `nextSeq` where pieces of it are stored (to be read back), else 0. */
  readonly halfFirstSeq: number
}

/** What the newest record of `ingest.{id}` says. */
export type IngestHead =
  | { readonly _tag: 'Empty' }
  | { readonly _tag: 'Ended'; readonly reason: EndReason }
  | { readonly _tag: 'Running'; readonly position: EpochPosition }
  /** The log holds records, and none of them can be read. */
  | { readonly _tag: 'Unreadable' }

/** Reads the newest record; `seq` is its sequence in the log. */
export const readIngestHead = (record: IngestRecord | undefined, seq: number): IngestHead => {
  if (record === undefined) return { _tag: 'Empty' }
  switch (record.body.case) {
    case 'open': {
      const { session, epoch, nextSeq, nextOffset, mimeType, halfFirstSeq } = record.body.value
      return { _tag: 'Running', position: { session, epoch, nextSeq, nextOffset: Number(nextOffset), mimeType, halfFirstSeq: Number(halfFirstSeq) } }
    }
    case 'chunk':
      return { _tag: 'Running', position: afterChunk(record.body.value, seq) }
    case 'end':
      return { _tag: 'Ended', reason: record.body.value.reason }
    case undefined:
      return { _tag: 'Empty' }
  }
}

const afterChunk = (chunk: Chunk, seq: number): EpochPosition => {
  const { session, epoch, mimeType } = chunk
  const end = Number(chunk.offset) + chunk.data.length
  if (chunk.piece + 1 === chunk.pieces) return { session, epoch, mimeType, nextSeq: chunk.seq + framesIn(chunk), nextOffset: end, halfFirstSeq: 0 }
  const halfFirstSeq = chunk.piece === 0 ? seq : Number(chunk.firstSeq)
  return { session, epoch, mimeType, nextSeq: chunk.seq, nextOffset: end, halfFirstSeq }
}

/**
 * Puts the half-stored frame together from the records of the log from its piece 0 to the head, and corrects
 * `nextOffset` to where the frame begins. Undefined where the log no longer holds the pieces.
 */
export const readStoredHalf = (
  position: EpochPosition,
  records: ReadonlyArray<IngestRecord>
): { readonly half: StoredHalf; readonly nextOffset: number } | undefined => {
  const stored: Array<StoredPiece> = []
  let first: Chunk | undefined
  for (const { body } of records) {
    if (body.case !== 'chunk') continue
    const chunk = body.value
    if (chunk.epoch !== position.epoch || chunk.seq !== position.nextSeq || chunk.piece !== stored.length) continue
    first ??= chunk
    stored.push({ bytes: chunk.data.length, crc32c: chunk.crc32c })
  }
  if (first === undefined || stored.length >= first.pieces) return undefined
  return { half: { firstSeq: position.halfFirstSeq, pieces: first.pieces, stored }, nextOffset: Number(first.offset) }
}
