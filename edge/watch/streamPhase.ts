import type { SourceCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import type { MediaEnd } from '../../proto/gen/millrace/v1/media_pb.js'
import { type StreamState, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { LONE_TRACK_MS } from './limits.ts'
import type { LiveState, Over } from './messages.ts'

/** What the bucket says of a stream, as far as viewers hear of it. */
export type Entry = Pick<StreamState, 'status' | 'reason'>

/** The state that viewers of a stream hear of that is not over: `isAway`, nobody hears its publisher, and no media comes. */
export const liveState = (hasMedia: boolean, isAway: boolean): LiveState => {
  if (!hasMedia) return 'waiting'
  return isAway ? 'reconnecting' : 'live'
}

/** How a stream is over by its log. */
export const overByLog = ({ reason, detail }: Pick<MediaEnd, 'reason' | 'detail'>): Over =>
  reason === EndReason.FAILED ? failed(detail) : { state: 'ended' }

/** How a stream is over by the bucket; undefined while it is not. Archived streams may have failed. */
export const overByBucket = (entry: Entry | undefined): Over | undefined => {
  if (entry === undefined || entry.status === StreamStatus.LIVE || entry.status === StreamStatus.UNSPECIFIED) return undefined
  return entry.status === StreamStatus.FAILED || entry.reason !== '' ? failed(entry.reason) : { state: 'ended' }
}

/** Seconds of media that there are of each kind of track. */
export interface Extents {
  readonly video: number
  readonly audio: number
}

/**
 * Whether viewers can begin: there is media of each track that the source has, so that players can open all at once, or
 * one of them has stayed away for a while.
 */
export const isReady = ({ video, audio }: Extents, source: Pick<SourceCheckpoint, 'video' | 'audio'> | undefined): boolean => {
  if (Math.max(video, audio) * 1_000 >= LONE_TRACK_MS) return true
  const lacks = (kind: 'video' | 'audio'): boolean => source?.[kind] !== undefined && (kind === 'video' ? video : audio) === 0
  return Math.max(video, audio) > 0 && !lacks('video') && !lacks('audio')
}

const failed = (reason: string): Over => (reason === '' ? { state: 'failed' } : { state: 'failed', reason })
