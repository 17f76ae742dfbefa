import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ChunkSchema, EndReason, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { IngestBody } from './sessionState.ts'

/** Field numbers of `IngestRecord.chunk` and `Chunk.data`. */
const CHUNK = 4
const DATA = 8

/** How many bytes in front of a frame the encoder may write. */
export type HeadroomOf = (frame: Uint8Array) => number

/**
 * Encodes an `IngestRecord`. `received_ms` is wall clock. Where there is headroom the record of an undivided frame is
 * written around the frame, and the result is a view of the frame's own buffer; else the media is copied into the result.
 */
export const encodeIngest = (received_ms: number, body: IngestBody, headroomOf: HeadroomOf): Uint8Array => {
  const record = { receivedAtMs: BigInt(Math.floor(received_ms)) }
  switch (body._tag) {
    case 'Open': {
      const { position, edge } = body
      const value = { ...position, nextOffset: BigInt(position.nextOffset), halfFirstSeq: BigInt(position.halfFirstSeq), edge }
      return encode({ ...record, body: { case: 'open', value } })
    }
    case 'End':
      return encode({ ...record, body: { case: 'end', value: { session: body.session, reason: EndReason.STOPPED } } })
    case 'Piece':
      return encodePiece(encode(record), body, headroomOf)
  }
}

const encode = (record: MessageInitShape<typeof IngestRecordSchema>): Uint8Array => toBinary(IngestRecordSchema, create(IngestRecordSchema, record))

/** Generated code would copy the media once for each message that it is nested in. */
const encodePiece = (
  record: Uint8Array,
  { session, epoch, mimeType, frame }: Extract<IngestBody, { _tag: 'Piece' }>,
  headroomOf: HeadroomOf
): Uint8Array => {
  const range = frame.ranges[frame.piece] ?? { from: 0, to: 0 }
  const data = frame.bytes.subarray(range.from, range.to)
  const fields = toBinary(
    ChunkSchema,
    create(ChunkSchema, {
      session,
      epoch,
      seq: frame.seq,
      piece: frame.piece,
      pieces: frame.ranges.length,
      offset: BigInt(frame.offset + range.from),
      crc32c: crc32c(data),
      mimeType,
      firstSeq: BigInt(frame.firstSeq)
    })
  )
  const dataHeader = new BinaryWriter().tag(DATA, WireType.LengthDelimited).uint32(data.length).finish()
  const chunkBytes = fields.length + dataHeader.length + data.length
  const chunkHeader = new BinaryWriter().tag(CHUNK, WireType.LengthDelimited).uint32(chunkBytes).finish()
  const head = [record, chunkHeader, fields, dataHeader]
  const headBytes = record.length + chunkHeader.length + chunkBytes - data.length
  const inPlace = data.length === frame.bytes.length && headBytes <= headroomOf(frame.bytes)
  const encoded = inPlace ? new Uint8Array(data.buffer, data.byteOffset - headBytes, headBytes + data.length) : new Uint8Array(headBytes + data.length)
  let at = 0
  for (const part of head) {
    encoded.set(part, at)
    at += part.length
  }
  if (!inPlace) encoded.set(data, at)
  return encoded
}
