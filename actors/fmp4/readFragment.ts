import { Result } from 'effect'
import type { Box } from './boxes.ts'
import { boxesIn, viewOf } from './boxTree.ts'
import type { BoxSpan } from './boxTree.ts'
import { FragmentInvalid } from './errors.ts'
import type { Sample } from './sample.ts'

/** More samples than this in one fragment are nonsense: it would be hours of one-frame durations. */
const FRAGMENT_SAMPLES_MAX = 100_000

const NON_SYNC_SAMPLE = 0x0001_0000

interface TrackHeader {
  readonly duration: number | undefined
  readonly size: number | undefined
  readonly flags: number
}

/**
 * Samples of a `moof` and the `mdat` that follows it (ISO/IEC 14496-12 §8.8). Takes defaults of `tfhd`, every flag of
 * `trun`, several `trun`s, and `default-base-is-moof`; data is a view into `mdat`. Fails with `FragmentInvalid` for more
 * than one track, an absolute data base, a missing `tfdt`, or anything that reaches out of its box.
 */
export const readFragment = (moof: Box, mdat: Box): Result.Result<ReadonlyArray<Sample>, FragmentInvalid> => {
  try {
    return Result.succeed(readSamples(moof, mdat))
  } catch (error) {
    if (error instanceof RangeError) return Result.fail(new FragmentInvalid({ message: error.message }))
    throw error
  }
}

const readSamples = (moof: Box, mdat: Box): Array<Sample> => {
  const view = viewOf(moof.bytes)
  const trafs = boxesIn(view, moof.headerBytes, view.byteLength).filter((box) => box.type === 'traf')
  const traf = trafs[0]
  if (traf === undefined || trafs.length > 1) throw new RangeError(`moof has ${trafs.length} tracks, not one`)
  const children = boxesIn(view, traf.start, traf.end)
  const tfhd = children.find((box) => box.type === 'tfhd')
  const tfdt = children.find((box) => box.type === 'tfdt')
  if (tfhd === undefined || tfdt === undefined) throw new RangeError('traf has no tfhd or no tfdt')
  const header = readTrackHeader(view, tfhd)
  const samples: Array<Sample> = []
  let dts = readDecodeTime(view, tfdt)
  let position = 0
  for (const trun of children.filter((box) => box.type === 'trun')) {
    const run = readRun(view, trun, header, { dts, position }, moof.bytes.length, mdat)
    for (const sample of run.samples) samples.push(sample)
    dts = run.dts
    position = run.position
  }
  return samples
}

const readTrackHeader = (view: DataView, tfhd: BoxSpan): TrackHeader => {
  const flags = view.getUint32(tfhd.start) & 0xff_ffff
  let at = tfhd.start + 8
  const next = (present: number): number | undefined => {
    if ((flags & present) === 0) return undefined
    at += 4
    return view.getUint32(at - 4)
  }
  if ((flags & 0x01) !== 0) throw new RangeError('tfhd gives an absolute data offset')
  next(0x02)
  const duration = next(0x08)
  const size = next(0x10)
  const sampleFlags = next(0x20)
  if (at > tfhd.end) throw new RangeError('tfhd is cut short')
  return { duration, size, flags: sampleFlags ?? 0 }
}

const readDecodeTime = (view: DataView, tfdt: BoxSpan): number => {
  if (view.getUint8(tfdt.start) === 0) return view.getUint32(tfdt.start + 4)
  const time = view.getBigUint64(tfdt.start + 4)
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`tfdt ${time} is out of range`)
  return Number(time)
}

interface Cursor {
  readonly dts: number
  /** Offset of the next sample's data from the start of `moof`. */
  readonly position: number
}

const readRun = (
  view: DataView,
  trun: BoxSpan,
  header: TrackHeader,
  from: Cursor,
  moofBytes: number,
  mdat: Box,
): Cursor & { readonly samples: ReadonlyArray<Sample> } => {
  const version = view.getUint8(trun.start)
  const flags = view.getUint32(trun.start) & 0xff_ffff
  const count = view.getUint32(trun.start + 4)
  if (count > FRAGMENT_SAMPLES_MAX) throw new RangeError(`trun has ${count} samples`)
  let at = trun.start + 8
  const next = (present: number): number | undefined => {
    if ((flags & present) === 0) return undefined
    at += 4
    if (at > trun.end) throw new RangeError('trun is cut short')
    return view.getUint32(at - 4)
  }
  const offset = next(0x001)
  const firstFlags = next(0x004)
  let position = offset === undefined ? from.position : offset | 0
  let dts = from.dts
  const samples: Array<Sample> = []
  for (let index = 0; index < count; index += 1) {
    const duration = next(0x100) ?? header.duration ?? 0
    const size = next(0x200) ?? header.size
    const sampleFlags = next(0x400) ?? (index === 0 ? firstFlags : undefined) ?? header.flags
    const composition = next(0x800) ?? 0
    if (size === undefined) throw new RangeError('neither trun nor tfhd gives sample sizes')
    const dataStart = position - moofBytes
    if (dataStart < mdat.headerBytes || dataStart + size > mdat.bytes.length) {
      throw new RangeError(`sample ${index} lies outside of mdat`)
    }
    samples.push({
      dts,
      cts: version === 0 ? composition : composition | 0,
      duration,
      keyframe: (sampleFlags & NON_SYNC_SAMPLE) === 0,
      data: mdat.bytes.subarray(dataStart, dataStart + size),
    })
    position += size
    dts += duration
  }
  return { samples, dts, position }
}
