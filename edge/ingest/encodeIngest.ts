import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ChunkSchema, EndReason, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { IngestBody } from './sessionState.ts'

/** Field numbers of `IngestRecord.chunk` and `Chunk.data`. */
const CHUNK = 4
const DATA = 8

/** Encodes an `IngestRecord`. `received_ms` is wall clock. A piece's bytes are copied once, into the result. */
export const encodeIngest = (received_ms: number, body: IngestBody): Uint8Array => {
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
      return encodePiece(encode(record), body)
  }
}

const encode = (record: MessageInitShape<typeof IngestRecordSchema>): Uint8Array => toBinary(IngestRecordSchema, create(IngestRecordSchema, record))

/** Generated code would copy the media once for each message that it is nested in. */
const encodePiece = (record: Uint8Array, { session, epoch, mimeType, frame }: Extract<IngestBody, { _tag: 'Piece' }>): Uint8Array => {
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
  const encoded = new Uint8Array(record.length + chunkHeader.length + chunkBytes)
  let at = 0
  for (const part of [record, chunkHeader, fields, dataHeader, data]) {
    encoded.set(part, at)
    at += part.length
  }
  return encoded
}
