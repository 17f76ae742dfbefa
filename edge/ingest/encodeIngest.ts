import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { encodeIngestRecord } from '../../actors/inbox/ingestRecord.ts'
import { ChunkSchema, EndReason, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { FramePool } from './FramePool.ts'
import { RECORD_OVERHEAD_BYTES } from './limits.ts'
import type { Frame, IngestBody } from './sessionState.ts'

/** Field numbers of `IngestRecord.chunk`, `IngestRecord.envelope_crc32c` and `Chunk.data`. */
const CHUNK = 4
const ENVELOPE_CRC = 6
const DATA = 8

/** Where records are written. */
export type RecordBuffers = Pick<FramePool, 'headroom' | 'make' | 'giveBack'>

/**
 * Encodes an `IngestRecord`. `received_ms` is wall clock. Where there is headroom the record of an undivided frame is
 * written around the frame, and the result is a view of the frame's own buffer; else the media is copied into the result.
 * The buffers of frames that are joined are given back: nobody may read them any more.
 */
export const encodeIngest = (received_ms: number, body: IngestBody, buffers: RecordBuffers): Uint8Array => {
  const receivedAtMs = BigInt(Math.floor(received_ms))
  switch (body._tag) {
    case 'Open': {
      const { position, edge } = body
      const value = { ...position, nextOffset: BigInt(position.nextOffset), halfFirstSeq: BigInt(position.halfFirstSeq), edge }
      return encodeIngestRecord({ receivedAtMs, body: { case: 'open', value } })
    }
    case 'End':
      return encodeIngestRecord({ receivedAtMs, body: { case: 'end', value: { session: body.session, reason: EndReason.STOPPED } } })
    case 'Frames':
      return encodeFrames(toBinary(IngestRecordSchema, create(IngestRecordSchema, { receivedAtMs })), body, buffers)
  }
}

type Frames = Extract<IngestBody, { _tag: 'Frames' }>

const encodeFrames = (record: Uint8Array, body: Frames, buffers: RecordBuffers): Uint8Array => {
  const [frame] = body.frames
  if (frame === undefined) throw new Error('a record of frames holds one at least')
  if (body.frames.length === 1) return encodePiece(record, body, frame, buffers)
  const bytes = body.frames.reduce((sum, one) => sum + one.bytes.length, 0)
  const room = buffers.make(RECORD_OVERHEAD_BYTES + bytes)
  const data = room.subarray(RECORD_OVERHEAD_BYTES)
  let at = 0
  for (const one of body.frames) {
    data.set(one.bytes, at)
    at += one.bytes.length
    buffers.giveBack(one.bytes)
  }
  const joined = body.frames.map(({ bytes: { length }, received_ms }) => ({ bytes: length, afterMs: Math.max(0, Math.floor(received_ms) - Math.floor(frame.received_ms)) }))
  const fields = toBinary(ChunkSchema, create(ChunkSchema, { ...fieldsOf(body, frame, data), pieces: 1, offset: BigInt(frame.offset), joined }))
  return writeAround(record, fields, data, RECORD_OVERHEAD_BYTES)
}

const encodePiece = (record: Uint8Array, body: Frames, frame: Frame, buffers: RecordBuffers): Uint8Array => {
  const range = frame.ranges[frame.piece] ?? { from: 0, to: 0 }
  const data = frame.bytes.subarray(range.from, range.to)
  const place = { piece: frame.piece, pieces: frame.ranges.length, offset: BigInt(frame.offset + range.from), firstSeq: BigInt(frame.firstSeq) }
  const fields = toBinary(ChunkSchema, create(ChunkSchema, { ...fieldsOf(body, frame, data), ...place }))
  return writeAround(record, fields, data, data.length === frame.bytes.length ? buffers.headroom(frame.bytes) : 0)
}

const fieldsOf = ({ session, epoch, mimeType }: Frames, { seq }: Frame, data: Uint8Array) => ({ session, epoch, seq, mimeType, crc32c: crc32c(data) })

/** Generated code would copy the media once for each message that it is nested in. */
const writeAround = (record: Uint8Array, fields: Uint8Array, data: Uint8Array, headroom: number): Uint8Array => {
  const envelope = Buffer.concat([record, chunkHeader(fields.length), fields])
  const checksum = new BinaryWriter().tag(ENVELOPE_CRC, WireType.Bit32).fixed32(crc32c(envelope)).finish()
  const dataHeader = new BinaryWriter().tag(DATA, WireType.LengthDelimited).uint32(data.length).finish()
  const head = [record, checksum, chunkHeader(fields.length + dataHeader.length + data.length), fields, dataHeader]
  const headBytes = head.reduce((sum, { length }) => sum + length, 0)
  const inPlace = headBytes <= headroom
  const encoded = inPlace ? new Uint8Array(data.buffer, data.byteOffset - headBytes, headBytes + data.length) : new Uint8Array(headBytes + data.length)
  let at = 0
  for (const part of head) {
    encoded.set(part, at)
    at += part.length
  }
  if (!inPlace) encoded.set(data, at)
  return encoded
}

const chunkHeader = (bytes: number): Uint8Array => new BinaryWriter().tag(CHUNK, WireType.LengthDelimited).uint32(bytes).finish()
