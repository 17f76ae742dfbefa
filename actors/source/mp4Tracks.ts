import type { VideoFormat } from './keyframe.ts'
import { findBox, int64, readBoxes, uint64, viewOf, type Box } from './mp4Boxes.ts'
import type { AudioCodec, SourceTracks, VideoCodec } from './sourceFacts.ts'

/** A track that is followed, with what its fragments leave to defaults (`trex`). */
export interface Mp4Track {
  readonly id: number
  readonly timescale: number
  /** What the edit list takes off every time, in the track's ticks, as FFmpeg counts it. */
  readonly editOffset: number
  readonly defaultDuration: number
  readonly defaultSize: number
  readonly defaultFlags: number
}

/** What a `moov` says. */
export interface Mp4Tracks {
  readonly tracks: SourceTracks
  readonly video?: Mp4Track & VideoFormat
  readonly audio?: Mp4Track
}

interface Entry {
  readonly track: Mp4Track
  readonly kind: string
  readonly format: string
  /** The sample entry without its box head. */
  readonly content: Uint8Array
}

const videoCodecs: ReadonlyMap<string, VideoCodec> = new Map([
  ['avc1', 'h264'],
  ['avc3', 'h264'],
  ['vp08', 'vp8'],
  ['vp09', 'vp9'],
  ['av01', 'av1'],
])

const audioCodecs: ReadonlyMap<string, AudioCodec> = new Map([
  ['Opus', 'opus'],
  ['mp4a', 'aac'],
  ['fLaC', 'flac'],
  ['.mp3', 'mp3'],
  ['ipcm', 'pcm'],
  ['fpcm', 'pcm'],
])

/** Where child boxes begin in a sample entry (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const VISUAL_ENTRY_BYTES = 78

const child = (content: Uint8Array, from: number, type: string): Uint8Array | undefined =>
  readBoxes(content, from)?.find((box) => box.type === type)?.content

/** The first edit's media time less the empty edits before it (§8.6.6), as FFmpeg's `time_offset`. */
const editOffset = (trak: Uint8Array, timescale: number, movieTimescale: number): number => {
  const elst = findBox(trak, 'edts/elst')
  if (elst === undefined || elst.length < 8) return 0
  const view = viewOf(elst)
  const large = view.getUint8(0) === 1
  let empty = 0
  for (let i = 0, at = 8; i < view.getUint32(4) && at + (large ? 20 : 12) <= elst.length; i++, at += large ? 20 : 12) {
    const time = large ? int64(view, at + 8) : view.getInt32(at + 4)
    if (time !== -1) return time - empty
    empty += Math.round(((large ? uint64(view, at) : view.getUint32(at)) * timescale) / movieTimescale)
  }
  return -empty
}

const timescaleOf = (head: Uint8Array | undefined): number => {
  if (head === undefined || head.length < 24) return 0
  return viewOf(head).getUint32(head[0] === 1 ? 20 : 12)
}

const readTrak = (trak: Uint8Array, movieTimescale: number, trex: ReadonlyMap<number, DataView>): Entry | undefined => {
  const tkhd = findBox(trak, 'tkhd')
  const hdlr = findBox(trak, 'mdia/hdlr')
  const stsd = findBox(trak, 'mdia/minf/stbl/stsd')
  const timescale = timescaleOf(findBox(trak, 'mdia/mdhd'))
  if (tkhd === undefined || tkhd.length < 24 || hdlr === undefined || hdlr.length < 12 || stsd === undefined || timescale === 0) return undefined
  const entry = stsd.length < 8 ? undefined : readBoxes(stsd, 8)?.[0]
  if (entry === undefined || entry.content.length < 28) return undefined
  const id = viewOf(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12)
  const defaults = trex.get(id)
  return {
    kind: String.fromCharCode(...hdlr.subarray(8, 12)),
    format: entry.type,
    content: entry.content,
    track: {
      id,
      timescale,
      editOffset: editOffset(trak, timescale, movieTimescale || timescale),
      defaultDuration: defaults?.getUint32(12) ?? 0,
      defaultSize: defaults?.getUint32(16) ?? 0,
      defaultFlags: defaults?.getUint32(20) ?? 0,
    },
  }
}

const videoFormat = (codec: VideoCodec, content: Uint8Array): VideoFormat => {
  const avcC = child(content, VISUAL_ENTRY_BYTES, 'avcC')
  const av1C = child(content, VISUAL_ENTRY_BYTES, 'av1C')
  return {
    codec,
    nalLengthBytes: codec === 'h264' ? ((avcC?.[4] ?? 3) & 3) + 1 : 0,
    headerParameters: ((avcC?.[5] ?? 0) & 31) > 0 || (av1C?.length ?? 0) > 4,
  }
}

const trexes = (moov: ReadonlyArray<Box>): ReadonlyMap<number, DataView> | undefined => {
  const mvex = moov.find((box) => box.type === 'mvex')
  const boxes = mvex && readBoxes(mvex.content)
  const views = boxes?.filter((box) => box.type === 'trex' && box.content.length >= 24).map((box) => viewOf(box.content))
  return views && new Map(views.map((view) => [view.getUint32(4), view]))
}

const readVideo = ({ track, format, content }: Entry): string | Pick<Required<Mp4Tracks>, 'tracks' | 'video'> => {
  const codec = videoCodecs.get(format)
  if (codec === undefined) return `video codec ${format} is not supported; send H.264, VP8, VP9 or AV1`
  const view = viewOf(content)
  return {
    tracks: { video: { codec, width: view.getUint16(24), height: view.getUint16(26), ticksPerSecond: track.timescale } },
    video: { ...track, ...videoFormat(codec, content) },
  }
}

const readAudio = ({ track, format, content }: Entry): string | Pick<Required<Mp4Tracks>, 'tracks' | 'audio'> => {
  const codec = audioCodecs.get(format)
  if (codec === undefined) return `audio codec ${format} is not supported; send Opus or AAC`
  const view = viewOf(content)
  const sampleRate = codec === 'opus' ? 48_000 : view.getUint16(24)
  return {
    tracks: { audio: { codec, sampleRate, channels: view.getUint16(16), ticksPerSecond: track.timescale } },
    audio: track,
  }
}

/** Reads the content of a `moov`: the first video and the first audio track. Answers with the reason, meant for the publisher, when they cannot be used. */
export const readMp4Tracks = (moov: Uint8Array): Mp4Tracks | string => {
  const boxes = readBoxes(moov)
  if (boxes === undefined) return 'the MP4 header (moov) is malformed'
  const trex = trexes(boxes)
  if (trex === undefined) return 'this MP4 is not fragmented, so it cannot be streamed; record fragmented MP4 or WebM'
  const movieTimescale = timescaleOf(boxes.find((box) => box.type === 'mvhd')?.content)
  const entries = boxes.filter((box) => box.type === 'trak').map((box) => readTrak(box.content, movieTimescale, trex))
  const videoEntry = entries.find((entry) => entry?.kind === 'vide')
  const audioEntry = entries.find((entry) => entry?.kind === 'soun')
  if (videoEntry === undefined && audioEntry === undefined) return 'there is no video and no audio track that can be read'
  const video = videoEntry && readVideo(videoEntry)
  const audio = audioEntry && readAudio(audioEntry)
  if (typeof video === 'string') return video
  if (typeof audio === 'string') return audio
  return { ...video, ...audio, tracks: { ...video?.tracks, ...audio?.tracks } }
}
