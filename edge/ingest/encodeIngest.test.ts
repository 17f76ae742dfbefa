import { fromBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { encodeIngest } from './encodeIngest.ts'
import { FramePool } from './FramePool.ts'
import { cutFrame } from './pieces.ts'
import type { IngestBody } from './sessionState.ts'

const pieceOf = (bytes: Uint8Array, seq: number, offset: number, mimeType: string, pieceBytes = 4_000_000): IngestBody => ({
  _tag: 'Piece',
  session: 0xffff_ffff,
  epoch: 3,
  mimeType,
  frame: { seq, offset, bytes, received_ms: 0, ranges: cutFrame(bytes.length, pieceBytes), piece: 0, firstSeq: 0 }
})

it('says the same of a frame whether it is written around the frame or copied', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5_000 }), fc.nat({ max: 0xffff_ffff }), fc.maxSafeNat(), fc.string({ unit: 'grapheme-ascii', maxLength: 700 }),
      (media, seq, offset, mimeType) => {
        const pool = new FramePool(1_000_000)
        const copied = encodeIngest(1_700_000_000_000, pieceOf(media, seq, offset, mimeType), () => 0)
        const frame = pool.copy(media.slice().buffer)
        const around = encodeIngest(1_700_000_000_000, pieceOf(frame, seq, offset, mimeType), (bytes) => pool.headroom(bytes))
        expect(around).toEqual(copied)
        expect(around.buffer === frame.buffer).toBe(around.length - media.length <= pool.headroom(frame))
        const { body } = fromBinary(IngestRecordSchema, around)
        expect(body.case === 'chunk' && Buffer.compare(body.value.data, media)).toBe(0)
        expect(frame).toEqual(media)
      }
    )
  )
})

it('copies a frame that it divides, and writes nowhere in front of a frame without headroom', () => {
  const pool = new FramePool(1_000_000)
  const frame = pool.copy(new ArrayBuffer(10_000))
  const piece = encodeIngest(0, pieceOf(frame, 1, 0, 'video/webm', 4_000), (bytes) => pool.headroom(bytes))
  expect(piece.buffer).not.toBe(frame.buffer)
  const around = new Uint8Array(2_048).fill(9)
  const record = encodeIngest(0, pieceOf(around.subarray(1_024), 1, 0, 'video/webm'), (bytes) => pool.headroom(bytes))
  expect([record.buffer === around.buffer, around.every((byte) => byte === 9)]).toEqual([false, true])
})
