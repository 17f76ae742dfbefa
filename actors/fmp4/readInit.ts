import { Result } from 'effect'
import { crc32c } from '../../runtime/checksum.ts'
import { boxAt, boxesIn, viewOf } from './boxTree.ts'
import type { BoxSpan } from './boxTree.ts'
import { InitInvalid } from './errors.ts'

/** What an init segment says about its one track. */
export interface InitInfo {
  readonly kind: 'video' | 'audio'
  /** Track ticks per second. */
  readonly timescale: number
  /** RFC 6381, for instance `avc1.64001f`, `mp4a.40.2`, `opus`. */
  readonly codec: string
  /** Pixels; video only. */
  readonly width?: number
  readonly height?: number
  /** Audio only. */
  readonly channels?: number
  /** Hertz; audio only. */
  readonly sampleRate?: number
  /** CRC-32C of the decoder configuration (`avcC`) of video. */
  readonly config_crc32c?: number
}

/**
 * Reads `ftyp` + `moov` of one track: H.264 (`avc1`, `avc3`), AAC (`mp4a`) or Opus. Fails with `InitInvalid` for
 * another codec, more than one track, or bytes that reach out of their box.
 */
export const readInit = (bytes: Uint8Array): Result.Result<InitInfo, InitInvalid> => {
  try {
    return Result.succeed(readTrack(viewOf(bytes)))
  } catch (error) {
    if (error instanceof RangeError) return Result.fail(new InitInvalid({ message: error.message }))
    throw error
  }
}

const readTrack = (view: DataView): InitInfo => {
  const moov = boxAt(view, { type: 'init segment', start: 0, end: view.byteLength }, ['moov'])
  const tracks = boxesIn(view, moov.start, moov.end).filter((box) => box.type === 'trak')
  const track = tracks[0]
  if (track === undefined || tracks.length > 1) throw new RangeError(`moov has ${tracks.length} tracks, not one`)
  const mdhd = boxAt(view, track, ['mdia', 'mdhd'])
  const timescale = view.getUint32(mdhd.start + (view.getUint8(mdhd.start) === 0 ? 12 : 20))
  const stsd = boxAt(view, track, ['mdia', 'minf', 'stbl', 'stsd'])
  const entry = boxesIn(view, stsd.start + 8, stsd.end)[0]
  if (entry === undefined) throw new RangeError('stsd is empty')
  switch (entry.type) {
    case 'avc1':
    case 'avc3':
      return { kind: 'video', timescale, ...readAvc(view, entry) }
    case 'mp4a':
      return { kind: 'audio', timescale, codec: readAacCodec(view, entry), ...readAudioFields(view, entry) }
    case 'Opus':
      return { kind: 'audio', timescale, codec: 'opus', ...readAudioFields(view, entry) }
    default:
      throw new RangeError(`sample entry ${entry.type} is not known`)
  }
}

/** VisualSampleEntry (ISO/IEC 14496-12 §12.1.3) and its `avcC` (ISO/IEC 14496-15 §5.3.3). */
const readAvc = (view: DataView, entry: BoxSpan): { codec: string; width: number; height: number; config_crc32c: number } => {
  const avcC = boxesIn(view, entry.start + 78, entry.end).find((box) => box.type === 'avcC')
  if (avcC === undefined) throw new RangeError(`${entry.type} has no avcC`)
  if (avcC.end - avcC.start < 7) throw new RangeError('avcC is cut short')
  const profileAndLevel = [1, 2, 3].map((offset) => hex(view.getUint8(avcC.start + offset))).join('')
  return {
    codec: `${entry.type}.${profileAndLevel}`,
    width: view.getUint16(entry.start + 24),
    height: view.getUint16(entry.start + 26),
    config_crc32c: crc32c(new Uint8Array(view.buffer, view.byteOffset + avcC.start, avcC.end - avcC.start)),
  }
}

/** AudioSampleEntry (ISO/IEC 14496-12 §12.2.3). */
const readAudioFields = (view: DataView, entry: BoxSpan): { channels: number; sampleRate: number } => ({
  channels: view.getUint16(entry.start + 16),
  sampleRate: view.getUint16(entry.start + 24),
})

/** `mp4a.` + object type + audio object type, out of `esds` (ISO/IEC 14496-1 §7.2.6). */
const readAacCodec = (view: DataView, entry: BoxSpan): string => {
  const esds = boxesIn(view, entry.start + 28, entry.end).find((box) => box.type === 'esds')
  if (esds === undefined) throw new RangeError('mp4a has no esds')
  const es = readDescriptor(view, esds.start + 4, 0x03)
  const flags = view.getUint8(es + 2)
  const optional = ((flags & 0x80) === 0 ? 0 : 2) + ((flags & 0x20) === 0 ? 0 : 2)
  if ((flags & 0x40) !== 0) throw new RangeError('esds refers to a URL')
  const config = readDescriptor(view, es + 3 + optional, 0x04)
  const objectType = view.getUint8(config)
  if (objectType !== 0x40) return `mp4a.${hex(objectType)}`
  const specific = readDescriptor(view, config + 13, 0x05)
  const short = view.getUint8(specific) >> 3
  const audioObjectType = short === 31 ? 32 + ((view.getUint16(specific) >> 5) & 0x3f) : short
  return `mp4a.40.${audioObjectType}`
}

/** Offset of the content of the descriptor at `at`, whose length takes one to four bytes. */
const readDescriptor = (view: DataView, at: number, tag: number): number => {
  if (view.getUint8(at) !== tag) throw new RangeError(`esds has no descriptor ${tag} where it belongs`)
  let content = at + 1
  while ((view.getUint8(content) & 0x80) !== 0 && content < at + 4) content += 1
  return content + 1
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
