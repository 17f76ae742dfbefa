import { videoOutputs } from '../ffmpeg/ladder.ts'
import { AUDIO_RENDITION, type OutputPlan } from '../ffmpeg/plan.ts'
import type { SourceSize } from '../ffmpeg/ladder.ts'
import { AAC_FRAME } from '../packager/silence.ts'
import type { Track } from '../packager/track.ts'
import { AUDIO_WARMUP_FRAMES } from './limits.ts'
import type { Source, StreamState } from './streamState.ts'

const AUDIO_TICKS_PER_MS = 48

/** What FFmpeg is asked for: the source's picture and sound, from where each rendition has published, rungs as big as they were. */
export const planOutputs = ({ packager, config }: StreamState, source: Source, audioOnly: boolean): ReadonlyArray<OutputPlan> => {
  const { video, audio } = source.tracks
  const trimmed = (output: OutputPlan): OutputPlan => {
    const track = packager.tracks.find(({ name, lastPts }) => name === output.rendition && lastPts >= 0)
    if (track === undefined || output._tag === 'CopyVideo') return output
    return output._tag === 'EncodeVideo' ? { ...output, trimStart: videoTrim(track, source) } : { ...output, trimStart: audioTrim(track, source) }
  }
  const kept = (rendition: string): SourceSize | undefined => {
    const info = packager.tracks.find(({ name, frames }) => name === rendition && frames > 0)?.init.info
    return info?.width === undefined || info.height === undefined ? undefined : { width: info.width, height: info.height }
  }
  const pictures = video === undefined || audioOnly ? [] : videoOutputs(config.settings.ladder, video, video.codec === 'h264', kept)
  const sound: ReadonlyArray<OutputPlan> = audio === undefined ? [] : [{ _tag: 'EncodeAudio', rendition: AUDIO_RENDITION }]
  return [...pictures, ...sound].map(trimmed)
}

/** First source tick behind the last published frame: a millisecond later, less than any frame lasts. */
const videoTrim = (track: Track, source: Source): number => {
  const ticksPerSecond = source.tracks.video?.ticksPerSecond ?? 1_000
  const last_ms = (track.lastPts * 1_000) / track.init.info.timescale - source.offset_ms
  return Math.floor(((last_ms + 1) * ticksPerSecond) / 1_000) + 1
}

const audioTrim = (track: Track, source: Source): number =>
  Math.max(0, track.nextDts - source.offset_ms * AUDIO_TICKS_PER_MS - AUDIO_WARMUP_FRAMES * AAC_FRAME)
