import { create } from '@bufbuild/protobuf'
import { type Fragment, FragmentSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { Sample } from '../fmp4/sample.ts'
import { writeFragment } from '../fmp4/writeFragment.ts'
import { PART_FLOOR, RECORD_BYTES, SEGMENT_MS_MAX, TICKS_EQUAL } from './limits.ts'
import { lengthAt, msnAt, startOf, type Segmentation } from './segmentation.ts'
import { closePart, isGuess, nextSegment, toCommon, type Track } from './track.ts'

const TICKS_PER_MS = 90

/** A segment that has just ended. Times in the track's ticks. */
export interface Ended {
  readonly track: Track
  readonly duration: number
}

/** What was cut from a track's waiting frames. */
export interface Cut {
  readonly track: Track
  readonly fragments: ReadonlyArray<Fragment>
  readonly ended: ReadonlyArray<Ended>
  /** Parts that ended too short for RFC 8216bis 4.4.3.7. */
  readonly shortParts: number
  readonly bytes: number
}

/** What cutting depends on beside the track. */
export interface CutRules {
  readonly segmentation: Segmentation
  readonly partTarget_us: number
  /** Frames from here on (timeline, 90 kHz) must wait. */
  readonly limit: number
  /** The newest picture must wait: how long it lasts is not known yet. */
  readonly ending: boolean
  /** Nothing waits for anything. */
  readonly final: boolean
}

/**
 * Cuts waiting frames into fragments, one for each run of frames that belong to the same part, up to about `budget`
 * bytes. A part ends before the frame that would make it longer than the target, a segment before the first frame at or
 * behind the next start; where the next frame can be foretold, the fragment says so itself.
 */
export const cut = (start: Track, rules: CutRules, budget: number): Cut => {
  const fragments: Array<Fragment> = []
  const ended: Array<Ended> = []
  let track = start
  let shortParts = 0
  let bytes = 0
  let run: Array<Sample> = []
  const flush = (closesPart: boolean, closesSegment: boolean): void => {
    const first = run[0]
    if (first === undefined) return
    const made = fragmentOf(track, run, closesPart, closesSegment)
    fragments.push(made)
    bytes += made.data.byteLength
    track = published(track, run, made.data.byteLength)
    run = []
  }
  let taken = 0
  for (const sample of start.pending) {
    if (bytes + sizeOf(run) >= Math.min(budget, RECORD_BYTES) || isHeld(track, sample, rules) || isUnfinished(start, sample, rules)) break
    if (!track.started) track = placeFirst(track, sample, rules.segmentation)
    if (segmentHasFrames(track, run) && (beginsSegment(track, sample, rules.segmentation) || exceedsSegment(track, sample, rules.segmentation))) {
      flush(true, true)
      ended.push(endOf(track))
      track = nextSegment(track, sample.dts)
    } else if (exceedsPart(track, sample.dts + sample.duration, rules) && partHasFrames(track, run)) {
      flush(true, false)
      shortParts += isShort(track, rules) ? 1 : 0
      track = closePart(track)
    }
    run.push(sample)
    taken += 1
    const foretold = sample.dts + sample.duration
    if (endsSegment(track, foretold, rules.segmentation)) {
      flush(true, true)
      ended.push(endOf(track))
      track = nextSegment(track, foretold)
    } else if (exceedsPart(track, foretold + sample.duration, rules)) {
      flush(true, false)
      shortParts += isShort(track, rules) ? 1 : 0
      track = closePart(track)
    }
  }
  flush(false, false)
  return { track: { ...track, pending: start.pending.slice(taken) }, fragments, ended, shortParts, bytes }
}

/** The open segment, and so the rendition, ends here: for the end of the stream and for discontinuities. */
export const endOf = (track: Track): Ended => ({ track, duration: track.nextDts - track.segmentStart })

const sizeOf = (run: ReadonlyArray<Sample>): number => run.reduce((sum, { data }) => sum + data.byteLength, 0)

/** Audio waits until it is known in which segment it lies. */
const isHeld = (track: Track, sample: Sample, rules: CutRules): boolean =>
  track.init.info.kind === 'audio' && toCommon(track, sample.dts) > rules.limit

/**
 * Whether how long the newest picture lasts is not known: FFmpeg is drained, or somebody has ended it, and then it guesses.
 * Whoever goes on gives that picture again. FFmpeg itself knows when it has read the next one, which the source has shown before.
 */
const isUnfinished = (track: Track, sample: Sample, { ending, final, segmentation }: CutRules): boolean => {
  if (track.init.info.kind === 'audio' || sample !== track.pending.at(-1)) return false
  if (ending || final || track.filler !== undefined) return ending
  // Out of order of presentation, the next to be shown is not the next to be stored.
  if (isGuess(track, sample) || sample.cts !== 0) return isGuess(track, sample)
  const length = lengthAt(segmentation, toCommon(track, sample.dts))
  return length === undefined || Math.abs(length - toCommon(track, sample.duration)) > TICKS_EQUAL
}

const placeFirst = (track: Track, sample: Sample, segmentation: Segmentation): Track => ({
  ...track,
  started: true,
  msn: track.frames === 0 ? Math.max(track.msn, msnAt(segmentation, toCommon(track, sample.dts + sample.cts))) : track.msn,
  segmentStart: sample.dts,
  partStart: sample.dts,
  nextDts: sample.dts
})

const beginsSegment = (track: Track, sample: Sample, segmentation: Segmentation): boolean => {
  const next = startOf(segmentation, track.msn + 1)
  return next !== undefined && toCommon(track, sample.dts + sample.cts) >= next - TICKS_EQUAL
}

/** Whether a picture that stood for long makes its segment too long, when audio has gone on to the next one meanwhile. */
const exceedsSegment = (track: Track, sample: Sample, segmentation: Segmentation): boolean =>
  track.init.info.kind === 'video' &&
  startOf(segmentation, track.msn + 1) !== undefined && toCommon(track, sample.dts + sample.duration - track.segmentStart) > SEGMENT_MS_MAX * TICKS_PER_MS

/** Whether the frame that is due at `dts` begins the next segment. Foretold only for frames in presentation order. */
const endsSegment = (track: Track, dts: number, segmentation: Segmentation): boolean => {
  const next = startOf(segmentation, track.msn + 1)
  return next !== undefined && toCommon(track, dts) >= next - TICKS_EQUAL
}

/** No segment is empty: a rendition without frames for a while catches up by segments of one. */
const segmentHasFrames = (track: Track, run: ReadonlyArray<Sample>): boolean => run.length > 0 || track.segmentFrames > 0

const MICROSECONDS = 1_000_000

const exceedsPart = (track: Track, end: number, rules: CutRules): boolean =>
  ((end - track.partStart) * MICROSECONDS) / track.init.info.timescale > rules.partTarget_us

const isShort = (track: Track, rules: CutRules): boolean =>
  ((track.nextDts - track.partStart) * MICROSECONDS) / track.init.info.timescale < rules.partTarget_us * PART_FLOOR

const partHasFrames = (track: Track, run: ReadonlyArray<Sample>): boolean => run.length > 0 || track.partStart < track.nextDts

const fragmentOf = (track: Track, run: ReadonlyArray<Sample>, closesPart: boolean, closesSegment: boolean): Fragment => {
  const data = writeFragment(track.fragment, run)
  const first = run[0]
  const last = run.at(-1)
  const start = first?.dts ?? 0
  return create(FragmentSchema, {
    rendition: track.name,
    msn: track.msn,
    part: track.part,
    start: BigInt(start),
    duration: BigInt((last?.dts ?? 0) + (last?.duration ?? 0) - start),
    independent: first?.keyframe ?? false,
    frames: run.length,
    closesPart,
    closesSegment,
    crc32c: crc32c(data),
    data
  })
}

const published = (track: Track, run: ReadonlyArray<Sample>, bytes: number): Track => {
  const last = run.at(-1)
  return {
    ...track,
    nextDts: (last?.dts ?? 0) + (last?.duration ?? 0),
    lastDts: last?.dts ?? 0,
    lastPts: run.reduce((greatest, { dts, cts }) => Math.max(greatest, dts + cts), track.lastPts),
    frames: track.frames + run.length,
    fragment: track.fragment + 1,
    segmentFrames: track.segmentFrames + run.length,
    segmentBytes: track.segmentBytes + bytes
  }
}
