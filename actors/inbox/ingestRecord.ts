import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type Chunk, type IngestRecord, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'

const NO_DATA = new Uint8Array(0)

/** Encodes a record of INGEST with its checksum. Copies its media: edges have a way of their own for chunks. */
export const encodeIngestRecord = (init: MessageInitShape<typeof IngestRecordSchema>): Uint8Array => {
  const record = create(IngestRecordSchema, init)
  return toBinary(IngestRecordSchema, { ...record, envelopeCrc32c: envelopeCrc(record) })
}

/** Decodes a record of INGEST. Throws where what it says beside the media is not what was written; `isWhole` tells of the media. */
export const decodeIngestRecord = (data: Uint8Array): IngestRecord => {
  const record = fromBinary(IngestRecordSchema, data)
  if (record.envelopeCrc32c !== undefined && record.envelopeCrc32c !== envelopeCrc(record)) throw new Error('a record of the inbox is damaged')
  return record
}

/** Checksum of what a record says beside the media. */
const envelopeCrc = (record: IngestRecord): number => {
  const { body } = record
  const bare = body.case === 'chunk' ? { ...body, value: { ...body.value, data: NO_DATA } } : body
  return crc32c(toBinary(IngestRecordSchema, { ...record, body: bare, envelopeCrc32c: undefined }))
}

/** Whether the media of a chunk is what was sent. */
export const isWhole = (chunk: Chunk): boolean =>
  crc32c(chunk.data) === chunk.crc32c && (chunk.joined.length === 0 || chunk.joined.reduce((sum, { bytes }) => sum + bytes, 0) === chunk.data.length)

/** How many frames a record holds; a piece of one counts as one. */
export const framesIn = ({ joined }: Chunk): number => Math.max(1, joined.length)

/** One frame of a record, or a piece of one, as if it were a record of its own; its bytes are a view. */
export interface ReadFrame {
  readonly chunk: Chunk
  /** Wall clock on arrival, ms since 1970. */
  readonly receivedAt_ms: number
}

/** The frames that a whole chunk holds, in order. */
export const splitFrames = (chunk: Chunk, receivedAt_ms: number): ReadonlyArray<ReadFrame> => {
  let at = 0
  return chunk.joined.length === 0
    ? [{ chunk, receivedAt_ms }]
    : chunk.joined.map(({ bytes, afterMs }, index) => {
        const from = at
        at += bytes
        const one: Chunk = { ...chunk, seq: chunk.seq + index, offset: chunk.offset + BigInt(from), data: chunk.data.subarray(from, at), joined: [] }
        return { chunk: one, receivedAt_ms: receivedAt_ms + afterMs }
      })
}
