import { SOURCE_FRAME_BYTES_MAX, SOURCE_MOOF_SAMPLES_MAX } from '../limits.ts'
import { readBoxes, uint64, viewOf } from './mp4Boxes.ts'
import type { Mp4Track } from './mp4Tracks.ts'

/** One sample of a fragment. Times in the track's ticks. */
export interface Mp4Sample {
  readonly trackId: number
  /** Presentation time. */
  readonly time: number
  readonly duration: number
  readonly size: number
  /** Where its bytes begin, counted from the `moof`. */
  readonly offset: number
  readonly sync: boolean
}

/** What a `moof` says. */
export interface Mp4Fragment {
  /** Of the tracks that are followed, in byte order. */
  readonly samples: ReadonlyArray<Mp4Sample>
  /** Where the last byte of any track's samples ends, counted from the `moof`. */
  readonly end: number
  /** Where in the `moof` absolute offsets stand (`base_data_offset`), which count from the beginning of a file that is not the one FFmpeg sees. */
  readonly absoluteOffsetsAt: ReadonlyArray<number>
}

/** Bit of a sample's flags: it is no sync sample (ISO/IEC 14496-12 §8.8.3.1). */
const NON_SYNC = 0x10000

/** `tfhd` (§8.8.7): a track's defaults for this fragment. */
interface Defaults {
  readonly track: Mp4Track | undefined
  readonly trackId: number
  readonly duration: number
  readonly size: number
  readonly flags: number
  readonly fromMoof: boolean
  readonly absoluteAt?: number
}

const readTfhd = (content: Uint8Array, at: number, tracks: ReadonlyArray<Mp4Track>): Defaults | undefined => {
  if (content.length < 8) return undefined
  const view = viewOf(content)
  const flags = view.getUint32(0) & 0xffffff
  const trackId = view.getUint32(4)
  const track = tracks.find((candidate) => candidate.id === trackId)
  const lengths = [flags & 1 ? 8 : 0, flags & 2 ? 4 : 0, flags & 8 ? 4 : 0, flags & 16 ? 4 : 0, flags & 32 ? 4 : 0]
  if (content.length < lengths.reduce((sum, length) => sum + length, 8)) return undefined
  let cursor = 8 + (lengths[0] ?? 0) + (lengths[1] ?? 0)
  const next = (bit: number, otherwise: number): number => {
    if ((flags & bit) === 0) return otherwise
    cursor += 4
    return view.getUint32(cursor - 4)
  }
  return {
    track,
    trackId,
    duration: next(8, track?.defaultDuration ?? 0),
    size: next(16, track?.defaultSize ?? 0),
    flags: next(32, track?.defaultFlags ?? 0),
    fromMoof: (flags & 0x20000) !== 0,
    ...((flags & 1) !== 0 && { absoluteAt: at + 8 }),
  }
}

/** `tfdt` (§8.8.12): the decode time at which the fragment's samples of a track begin. */
const readTfdt = (content: Uint8Array | undefined): number | undefined => {
  if (content === undefined || content.length < 8) return undefined
  const view = viewOf(content)
  if (view.getUint8(0) !== 1) return view.getUint32(4)
  return content.length < 12 ? undefined : uint64(view, 4)
}

interface Run {
  readonly samples: ReadonlyArray<Mp4Sample>
  readonly decodeTime: number
  readonly end: number
}

/** `trun` (§8.8.8). `base` is where data offsets count from, `follow` where the data lies when the run gives none. */
const readTrun = (content: Uint8Array, defaults: Defaults, decodeTime: number, base: number, follow: number): Run | string => {
  const malformed = 'a fragment of the MP4 is malformed (trun)'
  if (content.length < 8) return malformed
  const view = viewOf(content)
  const flags = view.getUint32(0) & 0xffffff
  const signed = view.getUint8(0) > 0
  const count = view.getUint32(4)
  const fields = [0x100, 0x200, 0x400, 0x800].filter((bit) => (flags & bit) !== 0).length
  const fixed = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0)
  if (count > SOURCE_MOOF_SAMPLES_MAX) return `a fragment of ${count} samples has more than the ${SOURCE_MOOF_SAMPLES_MAX} allowed`
  if (content.length < fixed + count * fields * 4) return malformed
  let cursor = 8
  const uint32 = (): number => view.getUint32((cursor += 4) - 4)
  let offset = follow
  if (flags & 1) {
    offset = base + view.getInt32(cursor)
    cursor += 4
  }
  const firstFlags = flags & 4 ? uint32() : undefined
  let time = decodeTime
  const samples: Array<Mp4Sample> = []
  for (let i = 0; i < count; i++) {
    const duration = flags & 0x100 ? uint32() : defaults.duration
    const size = flags & 0x200 ? uint32() : defaults.size
    const ownFlags = flags & 0x400 ? uint32() : defaults.flags
    const composition = flags & 0x800 ? (signed ? view.getInt32((cursor += 4) - 4) : uint32()) : 0
    if (size > SOURCE_FRAME_BYTES_MAX) return `a frame of ${size} bytes is larger than the ${SOURCE_FRAME_BYTES_MAX} allowed`
    const sampleFlags = i === 0 && firstFlags !== undefined ? firstFlags : ownFlags
    samples.push({ trackId: defaults.trackId, time: time + composition, duration, size, offset, sync: (sampleFlags & NON_SYNC) === 0 })
    offset += size
    time += duration
  }
  return { samples, decodeTime: time, end: offset }
}

/** Reads a whole `moof`, `headLength` bytes of which are its head. Answers with the reason, meant for the publisher, when it cannot be used. */
export const readMp4Fragment = (moof: Uint8Array, headLength: number, tracks: ReadonlyArray<Mp4Track>): Mp4Fragment | string => {
  const samples: Array<Mp4Sample> = []
  const absoluteOffsetsAt: Array<number> = []
  let dataEnd = 0
  let follow = moof.length
  const boxes = readBoxes(moof, headLength)
  if (boxes === undefined) return 'a fragment of the MP4 is malformed (moof)'
  for (const traf of boxes) {
    if (traf.type !== 'traf') continue
    const parts = readBoxes(traf.content)
    const tfhd = parts?.find((box) => box.type === 'tfhd')
    const defaults = tfhd && readTfhd(tfhd.content, traf.at + tfhd.at, tracks)
    if (parts === undefined || defaults === undefined) return 'a fragment of the MP4 is malformed (traf)'
    if (defaults.absoluteAt !== undefined) absoluteOffsetsAt.push(defaults.absoluteAt)
    let time = readTfdt(parts.find((box) => box.type === 'tfdt')?.content)
    if (time === undefined) return 'a fragment of the MP4 does not say when it begins (tfdt)'
    const relative = defaults.fromMoof || defaults.absoluteAt !== undefined || dataEnd === 0
    const base = relative ? 0 : dataEnd
    if (relative && dataEnd > 0) follow = dataEnd
    for (const part of parts) {
      if (part.type !== 'trun') continue
      const run = readTrun(part.content, defaults, time, base, follow)
      if (typeof run === 'string') return run
      if (defaults.track !== undefined) for (const sample of run.samples) samples.push(sample)
      if (samples.length > SOURCE_MOOF_SAMPLES_MAX) return `a fragment has more than the ${SOURCE_MOOF_SAMPLES_MAX} samples allowed`
      time = run.decodeTime
      follow = run.end
      dataEnd = Math.max(dataEnd, run.end)
    }
  }
  samples.sort((a, b) => a.offset - b.offset)
  return { samples, end: dataEnd, absoluteOffsetsAt }
}
