import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { type Fragments, FragmentsSchema, MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import { collectInits, collectSegment, lacksFirstPieces } from './collectSegment.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const fragment = (rendition: string, msn: number, text: string) => ({ rendition, msn, part: 0, frames: text.length, crc32c: crc32c(bytes(text)), data: bytes(text) })
const fragments = (...all: ReadonlyArray<ReturnType<typeof fragment>>): Fragments =>
  create(FragmentsSchema, { inits: [{ rendition: 'audio', number: 0, data: bytes('init') }], fragments: [...all] })
const entry = (seq: number, init: MessageInitShape<typeof MediaRecordSchema>): LogEntry => {
  const record = create(MediaRecordSchema, init)
  record.checkpoint = create(CheckpointSchema, { windowStartSeq: 3n })
  return { seq, subject: 'media.0.s', time_ms: 0, data: toBinary(MediaRecordSchema, record) }
}
const whole = (seq: number, value: Fragments): LogEntry => entry(seq, { body: { case: 'fragments', value } })
const pieces = (firstSeq: number, value: Fragments, count: number): ReadonlyArray<LogEntry> => {
  const encoded = toBinary(FragmentsSchema, value)
  const size = Math.ceil(encoded.length / count)
  return Array.from({ length: count }, (_, piece) =>
    entry(firstSeq + piece * 2, { body: { case: 'piece', value: { piece, pieces: count, data: encoded.subarray(piece * size, (piece + 1) * size) } } })
  )
}
const announced = (frames: number, msn = 1) => create(SegmentClosedSchema, { streamId: 's', rendition: 'source', msn, frames, bytes: BigInt(frames), firstSeq: 5n, lastSeq: 9n })
const text = (data: Uint8Array): string => Buffer.from(data).toString()

describe('a segment from the MEDIA log', () => {
  it('is the fragments of its rendition and number, in order, and nothing of its neighbours', () => {
    const entries = [
      whole(5, fragments(fragment('source', 0, 'old'), fragment('source', 1, 'ab'), fragment('720p', 1, 'XX'))),
      entry(6, { body: { case: 'tick', value: {} } }),
      whole(9, fragments(fragment('source', 1, 'cd'), fragment('source', 2, 'new')))
    ]
    const collected = collectSegment(announced(4), entries)
    expect(collected).toMatchObject({ _tag: 'Whole', windowStartSeq: 3 })
    expect(collected._tag === 'Whole' && text(collected.data)).toBe('abcd')
    expect(collected._tag === 'Whole' && collected.inits.map(({ rendition }) => rendition)).toEqual(['audio', 'audio'])
  })

  it('is put together from the pieces of a big record', () => {
    const collected = collectSegment(announced(6), [...pieces(1, fragments(fragment('source', 1, 'abc')), 3), whole(8, fragments(fragment('source', 1, 'def')))])
    expect(collected._tag === 'Whole' && text(collected.data)).toBe('abcdef')
  })

  it('leaves out pieces that a dead owner wrote by half and its successor wrote again', () => {
    const half = pieces(1, fragments(fragment('source', 1, 'abc')), 3).slice(0, 2)
    const again = pieces(11, fragments(fragment('source', 1, 'abc')), 2)
    const collected = collectSegment(announced(3), [...half, entry(7, { body: { case: 'takeOver', value: {} } }), ...again])
    expect(collected._tag === 'Whole' && text(collected.data)).toBe('abc')
    expect(collectSegment(announced(3), [...half, ...again])._tag).toBe('Whole')
  })

  it('is absent where the log has none of it', () => {
    expect(collectSegment(announced(3), [])).toEqual({ _tag: 'Absent' })
    expect(collectSegment(announced(3), [whole(5, fragments(fragment('source', 2, 'abc')))])).toEqual({ _tag: 'Absent' })
  })

  it.each([
    ['a frame too few', [fragment('source', 1, 'ab')]],
    ['a frame too many', [fragment('source', 1, 'abcd')]],
    ['a wrong checksum', [{ ...fragment('source', 1, 'abc'), crc32c: 1 }]],
    ['bytes that are not those announced', [{ ...fragment('source', 1, 'ab'), frames: 3 }]]
  ])('is damaged by %s', (_, all) => {
    expect(collectSegment(announced(3), [whole(5, fragments(...all))])._tag).toBe('Damaged')
  })

  it('is damaged when a record cannot be read', () => {
    const garbage: LogEntry = { seq: 6, subject: 'media.0.s', time_ms: 0, data: bytes('\xff\xff\xff') }
    expect(collectSegment(announced(3), [whole(5, fragments(fragment('source', 1, 'abc'))), garbage])._tag).toBe('Damaged')
    expect(collectInits([garbage])).toEqual([])
  })

  it('is known to lack its first pieces when the range begins in the middle of a record', () => {
    const all = pieces(1, fragments(fragment('source', 1, 'abc')), 3)
    expect(lacksFirstPieces(all, 5)).toBe(false)
    expect(lacksFirstPieces(all.slice(1), 5)).toBe(true)
    expect(lacksFirstPieces(all, 1)).toBe(false)
    expect(lacksFirstPieces([], 1)).toBe(false)
    expect(lacksFirstPieces([whole(5, fragments())], 5)).toBe(false)
  })
})
