import { expect, it } from 'vitest'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { isReady, liveState, overByBucket, overByLog } from './streamPhase.ts'

const live = { status: StreamStatus.LIVE, reason: '' }

it('is waiting before media, live with it, and reconnecting while the publisher is away', () => {
  expect(liveState(false, false)).toBe('waiting')
  expect(liveState(false, true)).toBe('waiting')
  expect(liveState(true, false)).toBe('live')
  expect(liveState(true, true)).toBe('reconnecting')
})

it('is over as the log says, or the bucket', () => {
  expect(overByLog({ reason: EndReason.STOPPED, detail: '' })).toEqual({ state: 'ended' })
  expect(overByLog({ reason: EndReason.WINDOW_CLOSED, detail: '' })).toEqual({ state: 'ended' })
  expect(overByLog({ reason: EndReason.FAILED, detail: 'FFmpeg broke' })).toEqual({ state: 'failed', reason: 'FFmpeg broke' })
  expect(overByBucket(undefined)).toBeUndefined()
  expect(overByBucket(live)).toBeUndefined()
  expect(overByBucket({ ...live, status: StreamStatus.ENDED })).toEqual({ state: 'ended' })
  expect(overByBucket({ ...live, status: StreamStatus.FAILED })).toEqual({ state: 'failed' })
  expect(overByBucket({ ...live, status: StreamStatus.ARCHIVED, reason: 'FFmpeg broke' })).toEqual({ state: 'failed', reason: 'FFmpeg broke' })
})

const track = { $typeName: 'millrace.v1.SourceTrack', codec: '', width: 0, height: 0, channels: 0, sampleRate: 0, ticksPerSecond: 0 } as const

it('is ready with media of each track that the source has, or when the other has stayed away for a second', () => {
  expect(isReady({ video: 0, audio: 0 }, undefined)).toBe(false)
  expect(isReady({ video: 0.1, audio: 0 }, undefined)).toBe(true)
  expect(isReady({ video: 0.1, audio: 0 }, { video: track, audio: track })).toBe(false)
  expect(isReady({ video: 0, audio: 0.1 }, { video: track, audio: track })).toBe(false)
  expect(isReady({ video: 0.1, audio: 0.1 }, { video: track, audio: track })).toBe(true)
  expect(isReady({ video: 0.1, audio: 0 }, { video: track })).toBe(true)
  expect(isReady({ video: 0, audio: 1 }, { video: track, audio: track })).toBe(true)
})
