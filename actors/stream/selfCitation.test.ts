import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { citeSelf } from './selfCitation.ts'

const checkpoint = create(CheckpointSchema, {
  windowStartMsn: 3,
  windowStartSeq: 7n,
  openedMsn: 5,
  segments: [{ start: 0n, firstSeq: 7n }, { start: 2n, firstSeq: 9n }, { start: 4n }, { start: 6n }],
  renditions: [{ name: 'source', segmentFrames: 2 }, { name: 'audio', segmentFrames: 0 }, { name: '240p', segmentFrames: 4, segmentFirstSeq: 8n }],
  unannounced: [{ msn: 4, firstSeq: 9n, lastSeq: 10n }, { msn: 5, firstSeq: 9n }, { msn: 5 }]
})

it('a record is cited where a checkpoint says "this very record", and nowhere else', () => {
  const cited = citeSelf(checkpoint, 20, 22)
  expect(cited.segments.map(({ firstSeq }) => firstSeq)).toEqual([7n, 9n, 20n, 0n])
  expect(cited.renditions.map(({ segmentFirstSeq }) => segmentFirstSeq)).toEqual([20n, 0n, 8n])
  expect(cited.unannounced.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([[9n, 10n], [9n, 22n], [20n, 22n]])
  expect(cited.windowStartSeq).toBe(7n)
  expect(citeSelf(cited, 30, 31)).toEqual(cited)
})

it('the last sequence of a record that is not whole stays open', () => {
  expect(citeSelf(checkpoint, 20).unannounced.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([[9n, 10n], [9n, 0n], [20n, 0n]])
})

it('a window that begins with this very record begins with its first piece', () => {
  expect(citeSelf({ ...checkpoint, windowStartSeq: 0n }, 20, 22).windowStartSeq).toBe(20n)
  expect(citeSelf(create(CheckpointSchema, { openedMsn: -1 }), 20, 22).windowStartSeq).toBe(0n)
})
