import { create } from '@bufbuild/protobuf'
import { AudioClockSchema, type SourceCheckpoint, SourceCheckpointSchema, type SourceTrack, SourceTrackSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { toCommon, type Track } from '../packager/track.ts'
import type { AudioCodec, RandomAccessPoint, SourceTracks, VideoCodec } from '../source/sourceIndex.ts'
import { AUDIO_WARMUP_MP4_MS, AUDIO_WARMUP_WEBM_MS } from './limits.ts'
import type { ResumePoint, Run, Source, StreamState } from './streamState.ts'

const TICKS_PER_MS = 90

/**
 * The newest random-access point from which everything unpublished comes out again: at or before the last published
 * frame of every video rendition, and early enough for audio to be seamless.
 */
export const chooseResume = (state: StreamState): { readonly resume: ResumePoint; readonly run: Run | undefined } => {
  const { run, source, packager } = state
  if (run === undefined || source === undefined) return { resume: state.resume, run }
  const needs = packager.tracks.filter(({ name }) => run.renditions.includes(name)).map((track) => need(track, source))
  const limit = needs.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...needs)
  const at = run.points.findLastIndex((point) => point.pts <= limit)
  const point = run.points[at]
  return point === undefined ? { resume: state.resume, run } : { resume: { _tag: 'Point', point }, run: { ...run, points: run.points.slice(at) } }
}

/** Source time (90 kHz) from which FFmpeg must be fed for what the rendition lacks. */
const need = (track: Track, source: Source): number => {
  if (track.lastPts < 0) return Number.NEGATIVE_INFINITY
  const offset = source.offset_ms * TICKS_PER_MS
  if (track.init.info.kind === 'video') return toCommon(track, track.lastPts) - offset
  const warmUp_ms = source.container === 'mp4' ? AUDIO_WARMUP_MP4_MS : AUDIO_WARMUP_WEBM_MS
  const end = toCommon(track, track.nextDts) - offset
  return end - warmUp_ms * TICKS_PER_MS
}

/** Chunk that holds a byte of the epoch, in the record `ingestSeq` of the inbox. */
export const chunkAt = ({ spots, reading }: Pick<Source, 'spots' | 'reading'>, { ingestSeq, offset }: { readonly ingestSeq: number; readonly offset: number }): number =>
  spots.findLast((spot) => spot.ingestSeq < ingestSeq || (spot.ingestSeq === ingestSeq && spot.offset <= offset))?.chunk ?? reading

/** First chunk that the record `ingestSeq` of the inbox holds, or a piece of. */
const firstChunkOf = (source: Pick<Source, 'spots' | 'reading'>, ingestSeq: number): number => {
  const last = source.spots.findLast((spot) => spot.ingestSeq <= ingestSeq)
  return source.spots.find((spot) => spot.ingestSeq === last?.ingestSeq)?.chunk ?? source.reading
}

/** Sequence of the inbox at which a successor opens its mailbox. */
export const resumeSeqOf = (resume: ResumePoint): number => (resume._tag === 'Start' ? resume.ingestSeq : resume.point.position.ingestSeq)

/** The source's share of a checkpoint; `still`: its pictures stay away. */
export const writeSource = (source: Source, resume: ResumePoint, still: boolean): SourceCheckpoint => {
  const chunkSeq = firstChunkOf(source, resumeSeqOf(resume))
  const base = { epoch: source.epoch, mimeType: source.mimeType, unreadable: source.unreadable, chunkSeq, still, ...writeTracks(source.tracks) }
  if (resume._tag === 'Start' || source.header === undefined) return create(SourceCheckpointSchema, { ...base, ingestSeq: BigInt(resumeSeqOf(resume)) })
  const { position, pts, audioClock } = resume.point
  return create(SourceCheckpointSchema, {
    ...base,
    header: source.header,
    ingestSeq: BigInt(position.ingestSeq),
    offset: BigInt(position.offset),
    clusterTimecode: BigInt(position.clusterTimecode),
    pts: BigInt(pts),
    audioClock: create(AudioClockSchema, { running: audioClock.running, origin: BigInt(audioClock.origin), samples: BigInt(audioClock.samples) })
  })
}

/** The point that a checkpoint names; undefined where reading begins with the epoch's first byte. */
export const readPoint = (saved: SourceCheckpoint): RandomAccessPoint | undefined =>
  saved.header.byteLength === 0
    ? undefined
    : {
        position: { ingestSeq: Number(saved.ingestSeq), offset: Number(saved.offset), clusterTimecode: Number(saved.clusterTimecode) },
        pts: Number(saved.pts),
        audioClock: { running: saved.audioClock?.running ?? false, origin: Number(saved.audioClock?.origin ?? 0), samples: Number(saved.audioClock?.samples ?? 0) }
      }

/** Tracks as a checkpoint has them. */
export const readTracks = ({ video, audio }: Pick<SourceCheckpoint, 'video' | 'audio'>): SourceTracks => ({
  ...(video === undefined ? {} : { video: { codec: video.codec as VideoCodec, width: video.width, height: video.height, ticksPerSecond: video.ticksPerSecond } }),
  ...(audio === undefined ? {} : { audio: { codec: audio.codec as AudioCodec, sampleRate: audio.sampleRate, channels: audio.channels, ticksPerSecond: audio.ticksPerSecond } })
})

const writeTracks = ({ video, audio }: SourceTracks): { video?: SourceTrack; audio?: SourceTrack } => ({
  ...(video === undefined ? {} : { video: create(SourceTrackSchema, video) }),
  ...(audio === undefined ? {} : { audio: create(SourceTrackSchema, audio) })
})
