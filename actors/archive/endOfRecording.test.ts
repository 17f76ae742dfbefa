import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { type Ended, readEnd } from './endOfRecording.ts'

const entry = (seq: number, init: MessageInitShape<typeof MediaRecordSchema>): LogEntry => ({ seq, subject: 'media.0.s', time_ms: 77, data: toBinary(MediaRecordSchema, create(MediaRecordSchema, init)) })
const garbage = (seq: number): LogEntry => ({ seq, subject: 'media.0.s', time_ms: 77, data: new Uint8Array([0xff, 0xff]) })
const checkpoint = {
  beginTicks: 900_000n,
  renditions: [
    { name: 'source', msn: 3, segmentFrames: 7, frames: 97n, timescale: 90_000, nextDts: 1_440_000n },
    { name: 'audio', msn: 3, segmentFrames: 0, frames: 141n, timescale: 48_000, nextDts: 760_000n }
  ]
}
const tick = (seq: number): LogEntry => entry(seq, { checkpoint, body: { case: 'tick', value: {} } })
const end = (seq: number): LogEntry => entry(seq, { checkpoint, body: { case: 'end', value: { reason: EndReason.STOPPED, durationMs: 5n } } })

/** Reads the end of a log that is these entries. */
const endOf = (log: ReadonlyArray<LogEntry>, status: StreamStatus, reason = ''): Ended | undefined => {
  const steps = readEnd('s', { revision: 1, value: create(StreamStateSchema, { streamId: 's', status, reason, createdAtMs: 11n, endedAtMs: status === StreamStatus.LIVE ? 0n : 22n }) })
  let step = steps.next(undefined)
  while (step.done !== true) {
    const request = step.value
    if (request._tag === 'ReadHead') step = steps.next(log.at(-1))
    else if (request._tag === 'ReadMedia') step = steps.next(log.filter(({ seq }) => seq >= request.from && seq <= request.to))
    else throw new Error(request._tag)
  }
  return step.value
}

describe('the end of a MEDIA log', () => {
  it('is its last record, whatever the stream says of itself', () => {
    for (const status of [StreamStatus.LIVE, StreamStatus.ENDED]) expect(endOf([tick(4), end(9)], status)).toMatchObject({ seq: 9, end: { durationMs: 5n } })
  })

  it('is not there while the stream goes on, be its newest record readable or not', () => {
    expect([endOf([], StreamStatus.LIVE), endOf([tick(4)], StreamStatus.LIVE), endOf([garbage(4)], StreamStatus.LIVE)]).toEqual([undefined, undefined, undefined])
  })

  it.each([
    ['is gone', [tick(4)], 4],
    ['cannot be read', [tick(4), garbage(9)], 9],
    ['cannot be read, far behind the last one that can', [tick(4), garbage(90_000)], 90_000]
  ])('is what the newest checkpoint tells, where the last record %s', (_, log, seq) => {
    const ended = endOf(log, StreamStatus.ENDED)
    expect(ended).toMatchObject({ seq, endedAt_ms: 22, end: { reason: EndReason.STOPPED, durationMs: 6_000n, detail: 'the end of its log is lost' } })
    expect(ended?.end.renditions).toMatchObject([{ rendition: 'source', segments: 4, frames: 97n }, { rendition: 'audio', segments: 3, frames: 141n }])
  })

  it('of a stream that failed before its first record is empty, and says why it failed', () => {
    expect(endOf([], StreamStatus.FAILED, 'no FFmpeg')).toMatchObject({ seq: 0, end: { reason: EndReason.FAILED, detail: 'no FFmpeg', renditions: [], durationMs: 0n } })
  })
})
