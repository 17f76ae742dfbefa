import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { describeStream } from './describeStream.ts'

const entry = (change: object = {}) => create(StreamStateSchema, { streamId: 'garden', status: StreamStatus.LIVE, publishing: true, publisherTokenSha256: Uint8Array.of(1), renditions: [{ name: 'source' }], ...change })
const figures = { viewers: 2, lag_ms: 30, latency_ms: 80, publishing: true }

it('shows a stream with its figures, those that are known, and nothing secret', () => {
  const shown = describeStream(entry(), figures)
  expect(shown).toMatchObject({ id: 'garden', status: 'live', state: 'live', publishing: true, viewers: 2, lagMs: 30, latencyMs: 80 })
  expect(JSON.stringify(shown)).not.toMatch(/token/i)
  expect(describeStream(entry(), { ...figures, lag_ms: undefined, latency_ms: undefined })).not.toHaveProperty('lagMs')
})

it('says in a word what goes on', () => {
  const word = (change: object, publishing = true) => describeStream(entry(change), { ...figures, publishing })['state']
  expect(word({ renditions: [] })).toBe('waiting')
  expect(word({ renditions: [] }, false)).toBe('waiting')
  expect(word({}, false)).toBe('reconnecting')
  expect(word({ status: StreamStatus.ENDED }, false)).toBe('ended')
  expect(word({ status: StreamStatus.FAILED })).toBe('failed')
  expect(word({ status: StreamStatus.ARCHIVED })).toBe('archived')
  expect(word({ status: StreamStatus.ARCHIVED, renditions: [] })).toBe('ended')
  expect(word({ status: StreamStatus.ARCHIVED, renditions: [], reason: 'no keyframe' })).toBe('failed')
})
