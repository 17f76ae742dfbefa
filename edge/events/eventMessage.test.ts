import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { readEvent } from './eventMessage.ts'

const at = 1_700_000_000_000
const read = (event: MessageInitShape<typeof StreamEventSchema>['event']) =>
  readEvent({ seq: 12, subject: 'events.garden.kind', time_ms: at, data: toBinary(StreamEventSchema, create(StreamEventSchema, { streamId: 'garden', atMs: BigInt(at), ...(event === undefined ? {} : { event }) })) })

const told = (event: MessageInitShape<typeof StreamEventSchema>['event']): unknown => JSON.parse(read(event)?.text ?? 'null')
const common = { type: 'event', id: '12', recordingId: 'garden', at: '2023-11-14T22:13:20.000Z' }

it('says of each kind of event what a viewer or program needs', () => {
  expect(told({ case: 'streamStarted', value: { title: 'Garden' } })).toEqual({ ...common, kind: 'stream_started', title: 'Garden' })
  expect(told({ case: 'segmentReady', value: { rendition: '720p', msn: 4, duration: 180_180n, timescale: 90_000, programDateTimeMs: BigInt(at), frames: 60, bytes: 500_000n } }))
    .toEqual({ ...common, kind: 'segment_ready', rendition: '720p', number: 4, duration_ms: 2_002, startedAt: common.at, frames: 60, bytes: 500_000, discontinuities: 0 })
  expect(told({ case: 'streamEnded', value: {} })).toEqual({ ...common, kind: 'stream_ended' })
  expect(told({ case: 'streamFailed', value: { reason: 'no keyframe' } })).toEqual({ ...common, kind: 'stream_failed', reason: 'no keyframe' })
  expect(told({ case: 'publisherConnected', value: { session: 2, epoch: 1 } })).toEqual({ ...common, kind: 'publisher_connected', session: 2, epoch: 1 })
  expect(told({ case: 'publisherDisconnected', value: { session: 2 } })).toEqual({ ...common, kind: 'publisher_disconnected', session: 2 })
  expect(told({ case: 'recordingReady', value: { durationMs: 6_000n, segments: 3, bytes: 9n } })).toEqual({ ...common, kind: 'recording_ready', duration_ms: 6_000, segments: 3, bytes: 9 })
  expect(told({ case: 'loss', value: { kind: LossKind.MISSING, firstSeq: 5, chunks: 2, atMs: BigInt(at), reason: 'chunk 5 is missing' } }))
    .toMatchObject({ ...common, kind: 'loss', loss: 'missing', firstSeq: 5, chunks: 2, reason: 'chunk 5 is missing' })
})

it('keeps titles data: no line of theirs begins a field of a server-sent event', () => {
  const title = '</script>\r\n\r\nevent: forged\ndata: {} \u2028 "quoted" \u202eבא 🎥'
  const event = read({ case: 'streamStarted', value: { title } })
  const lines = Buffer.from(event?.block ?? []).toString().split('\n')
  expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual(['id', 'event', 'data', '', ''])
  expect(JSON.parse(lines[2]?.slice('data: '.length) ?? '')).toMatchObject({ title })
})

it('passes over what is damaged or of no known kind', () => {
  expect(read(undefined)).toBeUndefined()
  expect(readEvent({ seq: 1, subject: '', time_ms: 0, data: Uint8Array.of(255, 255, 255) })).toBeUndefined()
})
