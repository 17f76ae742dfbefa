import { bitrateOf, videoOutputs } from '../ffmpeg/ladder.ts'
import { AUDIO_RENDITION, type OutputPlan } from '../ffmpeg/plan.ts'
import type { SourceSize } from '../ffmpeg/ladder.ts'
import { AAC_FRAME } from '../packager/silence.ts'
import type { Track } from '../packager/track.ts'
import { AUDIO_WARMUP_FRAMES } from './limits.ts'
import type { Source, StreamState } from './streamState.ts'

const AUDIO_TICKS_PER_MS = 48
const TICKS_PER_MS = 90

/**
 * What FFmpeg is asked for: the source's picture and sound, from where each rendition has published, rungs as big as they
 * were. What viewers know and the source has not, or not any more, is a still and silence.
 */
export const planOutputs = ({ packager, config, run }: StreamState, source: Source, audioOnly: boolean): ReadonlyArray<OutputPlan> => {
  const { video, audio } = source.tracks
  const trimmed = (output: OutputPlan): OutputPlan => {
    const track = packager.tracks.find(({ name, lastPts }) => name === output.rendition && lastPts >= 0)
    if (track === undefined) return output._tag === 'EncodeAudio' ? { ...output, ...afterPicture(run) } : output
    if (output._tag === 'EncodeVideo') return { ...output, trimStart: videoTrim(track, source) }
    return output._tag === 'EncodeAudio' ? { ...output, trimStart: audioTrim(track, source) } : output
  }
  const kept = (rendition: string): SourceSize | undefined => {
    const info = packager.tracks.find(({ name, frames }) => name === rendition && frames > 0)?.init.info
    return info?.width === undefined || info.height === undefined ? undefined : { width: info.width, height: info.height }
  }
  const pictures = video === undefined || audioOnly ? stills(packager.tracks, run?.lastPicture) : videoOutputs(config.settings.ladder, video, video.codec === 'h264', kept)
  const sound: ReadonlyArray<OutputPlan> = audio !== undefined ? [{ _tag: 'EncodeAudio', rendition: AUDIO_RENDITION }] : packager.tracks.some(({ name, frames }) => name === AUDIO_RENDITION && frames > 0) ? [{ _tag: 'Silence', rendition: AUDIO_RENDITION }] : []
  return [...pictures, ...sound].map(trimmed)
}

/** What is fed from the last keyframe on, for its picture, has been heard before: sound begins where a takeover would have it begin. */
const afterPicture = (run: StreamState['run']): { readonly trimStart?: number } => {
  const from = run?.points[0]
  return run?.lastPicture === undefined || from === undefined ? {} : { trimStart: Math.max(0, Math.round((from.pts * AUDIO_TICKS_PER_MS) / TICKS_PER_MS)) }
}

const stills = (tracks: ReadonlyArray<Track>, picture: number | undefined): ReadonlyArray<OutputPlan> =>
  tracks.flatMap(({ name, frames, init: { info } }) => {
    if (frames === 0 || info.width === undefined || info.height === undefined) return []
    const { width, height } = info
    return [{ _tag: 'StillVideo', rendition: name, width, height, bitrate_kbps: bitrateOf(Math.min(width, height)), picture }]
  })

/** First source tick behind the last published frame: a millisecond later, less than any frame lasts. */
const videoTrim = (track: Track, source: Source): number => {
  const ticksPerSecond = source.tracks.video?.ticksPerSecond ?? 1_000
  const last_ms = (track.lastPts * 1_000) / track.init.info.timescale - source.offset_ms
  return Math.floor(((last_ms + 1) * ticksPerSecond) / 1_000) + 1
}

const audioTrim = (track: Track, source: Source): number =>
  Math.max(0, track.nextDts - source.offset_ms * AUDIO_TICKS_PER_MS - AUDIO_WARMUP_FRAMES * AAC_FRAME)
