import { clone, create } from '@bufbuild/protobuf'
import { type LostSegment, LostSegmentSchema, type StreamState, StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { ArchivedSegment } from '../database/Recordings.ts'
import { LOST_SEGMENTS_SHOWN, REASON_CHARACTERS_MAX, STATE_ATTEMPTS_MAX } from './limits.ts'
import { ask, type Steps } from './steps.ts'

/**
 * Says in a stream's entry, for everyone to see, that a segment is lost. Once for each segment that is listed; one that
 * newer ones have pushed off the list may be counted again, until the end of the recording counts exactly. Gives up when
 * other writers keep changing the entry: the segment's row says the same. A complete recording has counted for good.
 */
export function* tellLost(id: string, row: ArchivedSegment): Steps<void> {
  for (let attempt = 1; attempt <= STATE_ATTEMPTS_MAX; attempt += 1) {
    const entry = yield* ask({ _tag: 'ReadStream', id })
    if (entry === undefined || entry.value.status === StreamStatus.ARCHIVED || entry.value.lostSegments.some(({ rendition, msn }) => rendition === row.rendition && msn === row.msn)) return
    const value = withLost(entry.value, [...entry.value.lostSegments, lostSegment(row)], entry.value.lostSegmentCount + 1)
    if (yield* ask({ _tag: 'UpdateStream', id, value, revision: entry.revision })) return
  }
}

/** An entry that names exactly the lost ones among a recording's rows. */
export const withLostRows = (value: StreamState, rows: ReadonlyArray<ArchivedSegment>): StreamState => {
  const lost = rows.filter(({ objectKey }) => objectKey === null)
  return withLost(value, lost.map(lostSegment), lost.length)
}

const withLost = (value: StreamState, lost: ReadonlyArray<LostSegment>, count: number): StreamState => {
  const next = clone(StreamStateSchema, value)
  next.lostSegments = lost.toSorted((a, b) => a.msn - b.msn).slice(-LOST_SEGMENTS_SHOWN)
  next.lostSegmentCount = count
  return next
}

const lostSegment = ({ rendition, msn, duration, timescale, programDateTime_ms, reason }: ArchivedSegment): LostSegment =>
  create(LostSegmentSchema, {
    rendition,
    msn,
    durationMs: BigInt(Math.round((duration / timescale) * 1_000)),
    programDateTimeMs: BigInt(Math.round(programDateTime_ms)),
    reason: reason.slice(0, REASON_CHARACTERS_MAX)
  })
