import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { TickSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { mediaCodec, recordOf } from './mediaCodec.ts'

const stamp = { leaseRevision: 1, resumeSeq: 1, attempts: 0, fencingToken: 1, node: 'a', writtenAt_ms: 0 }

it.each([[[]], [[0x78, 0x01]]])('refuses what can be parsed and is no record: %o', (bytes) => {
  expect(() => mediaCodec.decode(Uint8Array.from(bytes), 7)).toThrow('record 7 of the outbox is of no known kind')
})

it('reads a record of a known kind, with its stamp', () => {
  const tick = mediaCodec.encode(recordOf(mediaCodec.takeOver(undefined).checkpoint ?? expect.fail(), { case: 'tick', value: create(TickSchema) }), stamp)
  expect(mediaCodec.stampOf(mediaCodec.decode(tick, 7))).toMatchObject(stamp)
})
