import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeIngestRecord, isWhole, splitFrames } from '../../actors/inbox/ingestRecord.ts'
import { encodeIngest, type RecordBuffers } from './encodeIngest.ts'
import { FramePool } from './FramePool.ts'
import { cutFrame } from './pieces.ts'
import type { Frame, IngestBody } from './sessionState.ts'

const frameOf = (bytes: Uint8Array, seq: number, offset: number, received_ms = 0, pieceBytes = 4_000_000): Frame => ({
  seq, offset, bytes, received_ms, ranges: cutFrame(bytes.length, pieceBytes), piece: 0, firstSeq: 0
})
const bodyOf = (mimeType: string, ...frames: ReadonlyArray<Frame>): IngestBody => ({ _tag: 'Frames', session: 0xffff_ffff, epoch: 3, mimeType, frames })
const NO_ROOM: RecordBuffers = { headroom: () => 0, make: (bytes) => new Uint8Array(bytes), giveBack: () => undefined }

it('says the same of a frame whether it is written around the frame or copied', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5_000 }), fc.nat({ max: 0xffff_ffff }), fc.maxSafeNat(), fc.string({ unit: 'grapheme-ascii', maxLength: 700 }),
      (media, seq, offset, mimeType) => {
        const pool = new FramePool(1_000_000)
        const copied = encodeIngest(1_700_000_000_000, bodyOf(mimeType, frameOf(media, seq, offset)), NO_ROOM)
        const frame = pool.copy(media.slice().buffer)
        const around = encodeIngest(1_700_000_000_000, bodyOf(mimeType, frameOf(frame, seq, offset)), pool)
        expect(around).toEqual(copied)
        expect(around.buffer === frame.buffer).toBe(around.length - media.length <= pool.headroom(frame))
        const { body } = decodeIngestRecord(around)
        expect(body.case === 'chunk' && isWhole(body.value) && Buffer.compare(body.value.data, media)).toBe(0)
        expect(frame).toEqual(media)
      }
    )
  )
})

it('copies a frame that it divides, and writes nowhere in front of a frame without headroom', () => {
  const pool = new FramePool(1_000_000)
  const frame = pool.copy(new ArrayBuffer(10_000))
  const piece = encodeIngest(0, bodyOf('video/webm', frameOf(frame, 1, 0, 0, 4_000)), pool)
  expect(piece.buffer).not.toBe(frame.buffer)
  const around = new Uint8Array(2_048).fill(9)
  const record = encodeIngest(0, bodyOf('video/webm', frameOf(around.subarray(1_024), 1, 0)), pool)
  expect([record.buffer === around.buffer, around.every((byte) => byte === 9)]).toEqual([false, true])
})

it('joins frames into one record, each with its number, place, bytes and arrival, and gives their buffers back', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ media: fc.uint8Array({ maxLength: 3_000 }), later_ms: fc.nat({ max: 70_000 }) }), { minLength: 2, maxLength: 256 }), (made) => {
      const pool = new FramePool(100_000_000)
      let [offset, at_ms] = [7, 1_700_000_000_000]
      const frames = made.map(({ media, later_ms }, index) => {
        const frame = frameOf(pool.copy(media.slice().buffer), 40 + index, offset, (at_ms += index === 0 ? 0 : later_ms))
        offset += media.length
        return frame
      })
      const record = encodeIngest(frames[0]?.received_ms ?? 0, bodyOf('video/webm', ...frames), pool)
      const { body, receivedAtMs } = decodeIngestRecord(record)
      if (body.case !== 'chunk') throw new Error('a chunk')
      const read = splitFrames(body.value, Number(receivedAtMs))
      expect(isWhole(body.value)).toBe(true)
      expect(read.map(({ chunk, receivedAt_ms }) => [chunk.seq, Number(chunk.offset), receivedAt_ms])).toEqual(frames.map((frame) => [frame.seq, frame.offset, frame.received_ms]))
      expect(read.every(({ chunk }, index) => Buffer.compare(chunk.data, made[index]?.media ?? Buffer.from('none')) === 0)).toBe(true)
      const free = pool.freeBytes
      expect(free).toBeGreaterThanOrEqual(made.length * 4_096)
      pool.giveBack(record)
      expect(pool.freeBytes).toBeGreaterThan(free)
    }),
    { numRuns: 50 }
  )
})

it('a record of which any byte is changed is not read as what was written', () => {
  const frames = [frameOf(new Uint8Array(90).fill(5), 8, 0), frameOf(new Uint8Array(40).fill(6), 9, 90)]
  const written = [encodeIngest(1, bodyOf('video/webm', ...frames), NO_ROOM), encodeIngest(1, { _tag: 'Open', edge: 'e', position: { session: 1, epoch: 0, nextSeq: 8, nextOffset: 0, mimeType: 'video/webm', halfFirstSeq: 0 } }, NO_ROOM)]
  const facts = (record: Uint8Array): string => {
    try {
      const { body, receivedAtMs } = decodeIngestRecord(record)
      if (body.case === 'chunk' && !isWhole(body.value)) return 'damaged'
      return JSON.stringify([receivedAtMs, body], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    } catch {
      return 'damaged'
    }
  }
  for (const record of written) {
    const whole = facts(record)
    for (let at = 0; at < record.length; at++) {
      for (const flip of [1, 16, 128]) {
        const changed = record.slice()
        changed[at] = (changed[at] ?? 0) ^ flip
        expect(['damaged', whole]).toContain(facts(changed))
      }
    }
  }
})
