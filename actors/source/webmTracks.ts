import { readElements, readFloat, readUint } from './ebml.ts'
import type { VideoFormat } from './keyframe.ts'
import type { AudioCodec, SourceTracks, VideoCodec } from './sourceFacts.ts'
import { Id } from './webmIds.ts'

/** The video track whose blocks are read. */
export interface WebmVideo extends VideoFormat {
  readonly number: number
}

/** The audio track whose blocks are put on the running sample count. */
export interface WebmAudio {
  readonly number: number
  readonly codec: AudioCodec
  readonly sampleRate: number
  /** PCM: bytes of one sample of all channels. */
  readonly sampleBytes: number
  /** Samples that the track says each frame has (DefaultDuration); 0 when it does not. */
  readonly frameSamples: number
}

/** What a Segment's Info and Tracks say. */
export interface WebmTracks {
  readonly tracks: SourceTracks
  readonly ticksPerSecond: number
  readonly video?: WebmVideo
  readonly audio?: WebmAudio
}

type Fields = ReadonlyMap<number, Uint8Array>

const videoCodecs: ReadonlyMap<string, VideoCodec> = new Map([
  ['V_MPEG4/ISO/AVC', 'h264'],
  ['V_VP8', 'vp8'],
  ['V_VP9', 'vp9'],
  ['V_AV1', 'av1'],
])

const audioCodecs: ReadonlyArray<readonly [string, AudioCodec]> = [
  ['A_OPUS', 'opus'],
  ['A_AAC', 'aac'],
  ['A_VORBIS', 'vorbis'],
  ['A_MPEG/L3', 'mp3'],
  ['A_FLAC', 'flac'],
  ['A_PCM/', 'pcm'],
]

const fieldsOf = (content: Uint8Array | undefined): Fields | undefined => {
  const elements = readElements(content ?? new Uint8Array())
  return elements === undefined ? undefined : new Map(elements.map((element) => [element.id, element.content]))
}

const uint = (fields: Fields, id: number, otherwise = 0): number => {
  const content = fields.get(id)
  return content === undefined ? otherwise : readUint(content)
}

const codecIdOf = (entry: Fields): string => {
  const id = entry.get(Id.codecId) ?? new Uint8Array()
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1').replace(/\0+$/, '')
}

/** H.264 with an `avcC` in CodecPrivate carries lengths; without one (browsers) start codes. AV1's `av1C` holds a sequence header from byte 4 on. */
const videoFormat = (codec: VideoCodec, codecPrivate: Uint8Array): VideoFormat => {
  const avcC = codec === 'h264' && codecPrivate.length >= 7 && codecPrivate[0] === 1
  return {
    codec,
    nalLengthBytes: avcC ? ((codecPrivate[4] ?? 3) & 3) + 1 : 0,
    headerParameters: avcC || (codec === 'av1' && codecPrivate.length > 4),
  }
}

const readVideo = (entry: Fields, ticksPerSecond: number): string | Pick<Required<WebmTracks>, 'video'> & { readonly track: NonNullable<SourceTracks['video']> } => {
  const codec = videoCodecs.get(codecIdOf(entry))
  if (codec === undefined) return `video codec ${codecIdOf(entry)} is not supported; send H.264, VP8, VP9 or AV1`
  const video = fieldsOf(entry.get(Id.video))
  if (video === undefined) return 'the video track is malformed'
  return {
    video: { number: uint(entry, Id.trackNumber), ...videoFormat(codec, entry.get(Id.codecPrivate) ?? new Uint8Array()) },
    track: { codec, width: uint(video, Id.pixelWidth), height: uint(video, Id.pixelHeight), ticksPerSecond },
  }
}

const readAudio = (entry: Fields, ticksPerSecond: number): string | Pick<Required<WebmTracks>, 'audio'> & { readonly track: NonNullable<SourceTracks['audio']> } => {
  const codec = audioCodecs.find(([id]) => codecIdOf(entry).startsWith(id))?.[1]
  if (codec === undefined) return `audio codec ${codecIdOf(entry)} is not supported; send Opus or AAC`
  const audio = fieldsOf(entry.get(Id.audio))
  if (audio === undefined) return 'the audio track is malformed'
  const coded = readFloat(audio.get(Id.samplingFrequency) ?? new Uint8Array()) || 8_000
  const output = readFloat(audio.get(Id.outputSamplingFrequency) ?? new Uint8Array()) || coded
  const sampleRate = codec === 'opus' ? 48_000 : output
  if (!(sampleRate >= 1 && sampleRate <= 1_000_000)) return 'the audio track has no usable sample rate'
  const channels = uint(audio, Id.channels, 1)
  const bySize = codec === 'aac' ? (1_024 * output) / coded : codec === 'mp3' ? (sampleRate < 32_000 ? 576 : 1_152) : 0
  return {
    audio: {
      number: uint(entry, Id.trackNumber),
      codec,
      sampleRate,
      sampleBytes: (channels * uint(audio, Id.bitDepth)) / 8,
      frameSamples: bySize || Math.round((uint(entry, Id.defaultDuration) * sampleRate) / 1e9),
    },
    track: { codec, sampleRate, channels, ticksPerSecond },
  }
}

/**
 * Reads the content of a Segment's Info (may be absent) and Tracks: the first video and the first audio track.
 * Answers with the reason, meant for the publisher, when they cannot be used.
 */
export const readWebmTracks = (info: Uint8Array | undefined, tracks: Uint8Array): WebmTracks | string => {
  const infoFields = fieldsOf(info)
  const elements = readElements(tracks)
  if (infoFields === undefined || elements === undefined) return 'the WebM header (Info, Tracks) is malformed'
  const scale = uint(infoFields, Id.timestampScale, 1_000_000)
  if (!(scale >= 1 && scale <= 1_000_000_000)) return `the timestamp scale is ${scale} ns, which no clock has`
  const ticksPerSecond = 1e9 / scale
  const entries = elements.filter((element) => element.id === Id.trackEntry).map((element) => fieldsOf(element.content))
  const firstOf = (type: number): Fields | undefined => entries.find((entry) => entry !== undefined && uint(entry, Id.trackType) === type)
  const videoEntry = firstOf(1)
  const audioEntry = firstOf(2)
  if (videoEntry === undefined && audioEntry === undefined) return 'there is no video and no audio track'
  if (videoEntry?.has(Id.contentEncodings) || audioEntry?.has(Id.contentEncodings)) return 'a track is compressed or encrypted by the container'
  const video = videoEntry && readVideo(videoEntry, ticksPerSecond)
  const audio = audioEntry && readAudio(audioEntry, ticksPerSecond)
  if (typeof video === 'string') return video
  if (typeof audio === 'string') return audio
  return {
    ticksPerSecond,
    tracks: { ...(video && { video: video.track }), ...(audio && { audio: audio.track }) },
    ...(video && { video: video.video }),
    ...(audio && { audio: audio.audio }),
  }
}

