import { BIG_RECORDS_SHARE_MAX, SESSIONS_SHARE_MAX } from '../../runtime/limits.ts'
import type { IngestBody } from './sessionState.ts'

/** Media in the record of this body: all frames that are joined, or one piece of a frame. */
export const mediaBytes = (body: IngestBody): number => {
  if (body._tag !== 'Frames') return 0
  return body.frames.reduce((sum, { bytes, ranges, piece }) => {
    const range = ranges[piece]
    return sum + (range === undefined ? bytes.length : range.to - range.from)
  }, 0)
}

/**
 * Whether a log that is so full, and has so much room for frames, takes a record. Frames leave all of the room for the
 * records that begin sessions, and those theirs for the ones that end streams.
 */
export const takesRecord = (share: number, room_bytes: number, body: IngestBody): boolean =>
  share < shareMax(body) && (body._tag !== 'Frames' || mediaBytes(body) <= room_bytes)

const shareMax = ({ _tag }: IngestBody): number => {
  if (_tag === 'End') return Number.POSITIVE_INFINITY
  return _tag === 'Open' ? SESSIONS_SHARE_MAX : BIG_RECORDS_SHARE_MAX
}
