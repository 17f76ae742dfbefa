import { type Loss, LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LostSegment, StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { StreamFigures } from '../viewers/LiveFigures.ts'

const STATUS: Readonly<Record<StreamStatus, StreamWord>> = {
  [StreamStatus.UNSPECIFIED]: 'unknown',
  [StreamStatus.LIVE]: 'live',
  [StreamStatus.ENDED]: 'ended',
  [StreamStatus.FAILED]: 'failed',
  [StreamStatus.ARCHIVED]: 'archived'
}

/** Where nothing was recorded there is no recording: such a stream has ended or failed, whatever the archive has done about it. */
const shownStatus = ({ status, renditions, reason }: StreamState): StreamStatus => {
  if (status !== StreamStatus.ARCHIVED || renditions.length > 0) return status
  return reason === '' ? StreamStatus.ENDED : StreamStatus.FAILED
}

/** What is going on, in one word that a page can show. */
export type StreamWord = 'waiting' | 'live' | 'reconnecting' | 'ended' | 'failed' | 'archived' | 'unknown'

/** A live stream without media waits for it; one with media whose publisher nobody hears is waited for. */
export const stateOf = (stream: StreamState, publishing: boolean): StreamWord => {
  if (stream.status !== StreamStatus.LIVE) return STATUS[shownStatus(stream)]
  if (stream.renditions.length === 0) return 'waiting'
  return publishing ? 'live' : 'reconnecting'
}

/** A stream as everyone may see it, in the API and in events; nothing secret of it is there. */
export const describeStream = (stream: StreamState, figures: StreamFigures): Readonly<Record<string, unknown>> => ({
  id: stream.streamId,
  title: stream.title,
  status: STATUS[shownStatus(stream)],
  state: stateOf(stream, figures.publishing),
  publishing: stream.publishing && figures.publishing,
  viewers: figures.viewers,
  ...(figures.lag_ms === undefined ? {} : { lagMs: figures.lag_ms }),
  ...(figures.latency_ms === undefined ? {} : { latencyMs: figures.latency_ms }),
  startedAt: isoTime(stream.createdAtMs),
  ...(stream.endedAtMs > 0n ? { endedAt: isoTime(stream.endedAtMs) } : {}),
  ...(stream.durationMs > 0n ? { durationMs: Number(stream.durationMs) } : {}),
  ...(stream.reason === '' ? {} : { reason: stream.reason }),
  renditions: stream.renditions.map(({ name, codec, width, height, bandwidth }) => ({ name, codec, width, height, bandwidth })),
  lostChunks: Number(stream.lostChunks),
  poisonChunks: Number(stream.poisonChunks),
  losses: stream.losses.map(describeLoss),
  lostSegmentCount: stream.lostSegmentCount,
  lostSegments: stream.lostSegments.map(describeLostSegment),
  discontinuities: stream.discontinuities,
  playlist: shownStatus(stream) === StreamStatus.ARCHIVED ? `/recordings/${stream.streamId}/index.m3u8` : `/live/${stream.streamId}/index.m3u8`
})

const LOSS: Readonly<Record<LossKind, string>> = {
  [LossKind.UNSPECIFIED]: 'unknown',
  [LossKind.MISSING]: 'missing',
  [LossKind.DAMAGED]: 'damaged',
  [LossKind.HEADER]: 'header',
  [LossKind.UNREADABLE]: 'unreadable',
  [LossKind.POISON]: 'poison',
  [LossKind.LEAP]: 'leap'
}

/** A loss as everyone may see it. */
export const describeLoss = ({ kind, epoch, firstSeq, chunks, resumedSeq, frames, atMs, reason }: Loss) =>
  ({ kind: LOSS[kind], epoch, firstSeq, chunks, resumedSeq, frames, at: isoTime(atMs), reason })

const describeLostSegment = ({ rendition, msn, durationMs, programDateTimeMs, reason }: LostSegment): Readonly<Record<string, unknown>> => ({
  rendition, number: msn, duration_ms: Number(durationMs), startedAt: isoTime(programDateTimeMs), reason
})

const isoTime = (ms: bigint): string => new Date(Number(ms)).toISOString()
