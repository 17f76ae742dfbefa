import { SOURCE_HEADER_BYTES_MAX, SOURCE_MDAT_BYTES_MAX, SOURCE_MOOF_BYTES_MAX, SOURCE_MOOF_LEAD_BYTES_MAX, SOURCE_SKIPPED_BYTES_MAX } from '../limits.ts'
import { stoppedAudioClock } from './audioClock.ts'
import { headBytes, judgeKeyframe, readKeyframeHead, type ParametersInEffect } from './keyframe.ts'
import type { KeyframeHead } from './keyframeHead.ts'
import { readBoxHead, uint64, viewOf, type BoxHead } from './mp4Boxes.ts'
import { readMp4Fragment, type Mp4Fragment, type Mp4Sample } from './mp4Fragment.ts'
import { readMp4Tracks, type Mp4Track, type Mp4Tracks } from './mp4Tracks.ts'
import type { RandomAccessPoint, SourceFact } from './sourceFacts.ts'
import { need, restart, stop, type Step, type UnitPosition } from './step.ts'
import { follow, isReasonableTime, toPts, type Timeline } from './timeline.ts'

/** Where the parser is. */
export interface Mp4State {
  /** Undefined until the `moov` is complete. */
  readonly header?: Mp4Tracks
  readonly headerLength: number
  /** Bytes that the FFmpeg child which reads this has been fed. */
  readonly fed: number
  readonly parameters: ParametersInEffect
  readonly timeline: Timeline
}

/** Before the first byte, and after a restart. */
export const freshMp4: Mp4State = { headerLength: 0, fed: 0, parameters: undefined, timeline: {} }

interface Header extends Mp4Tracks {
  readonly length: number
}

/** The first bytes of WebM. */
const EBML = 0x1a45dfa3

/** A stream that does not begin with `ftyp`: says what it is instead, where that is easy to tell. */
const notMp4 = (bytes: Uint8Array, type: string): Step<never> => {
  if (viewOf(bytes).getUint32(0) === EBML) return stop('this is WebM, but the stream was announced as MP4; send the mimeType that the recorder reports')
  if (type === 'mdat' || type === 'moov') return stop('this MP4 is not fragmented, so it cannot be streamed; record fragmented MP4 or WebM')
  return stop('this is not MP4: the stream does not begin with ftyp. After a dropped connection, go on where the stream was or begin a new recording')
}

const readHeader = (bytes: Uint8Array): Header | Step<never> => {
  for (let at = 0; ; ) {
    const head = readBoxHead(bytes, at)
    if (head !== 'malformed' && 'need' in head) return need(at + head.need)
    if (at === 0 && (head === 'malformed' || head.type !== 'ftyp')) return notMp4(bytes, head === 'malformed' ? '' : head.type)
    if (head === 'malformed') return stop('the MP4 header is malformed', at)
    if (head.type === 'mdat' || head.type === 'moof') return stop('this MP4 has its media before its header (moov), so it cannot be streamed; record fragmented MP4 or WebM', at)
    if (at + head.size > SOURCE_HEADER_BYTES_MAX) return stop(`the MP4 header is longer than ${SOURCE_HEADER_BYTES_MAX} bytes`, at)
    if (at + head.size > bytes.length) return need(at + head.size)
    if (head.type === 'moov') {
      const tracks = readMp4Tracks(bytes.subarray(at + head.length, at + head.size))
      return typeof tracks === 'string' ? stop(tracks, at) : { ...tracks, length: at + head.size }
    }
    at += head.size
  }
}

/** The state in which the bytes from a random-access point on are read; the reason when the header is not one. */
export const resumeMp4 = (header: Uint8Array): Mp4State | string => {
  const read = readHeader(header)
  if ('_tag' in read) return read._tag === 'Stop' ? read.reason : 'the stored header is incomplete'
  return { ...freshMp4, header: read, headerLength: read.length, fed: read.length }
}

/** Feeds `length` bytes and keeps count of them. */
const taken = (state: Mp4State, unit: Uint8Array, length: number, facts: ReadonlyArray<SourceFact> = []): Step<Mp4State> => {
  const head = Math.min(unit.length, length)
  return { _tag: 'Taken', state: { ...state, fed: state.fed + length }, facts, head, pass: length - head }
}

/** A `moof` with the `mdat` that must follow it. */
interface Pair extends Mp4Fragment {
  readonly moof: BoxHead
  readonly length: number
}

const readPair = (unit: Uint8Array, moof: BoxHead, header: Mp4Tracks): Pair | Step<never> => {
  if (moof.size > SOURCE_MOOF_BYTES_MAX) return stop(`a moof of ${moof.size} bytes is larger than the ${SOURCE_MOOF_BYTES_MAX} allowed`)
  if (unit.length < moof.size + 8) return need(moof.size + 8)
  const mdat = readBoxHead(unit, moof.size)
  if (mdat === 'malformed') return stop('what follows a moof is no box', moof.size)
  if ('need' in mdat) return need(moof.size + mdat.need)
  if (mdat.type !== 'mdat') return stop('a moof is not followed by its mdat', moof.size)
  if (mdat.size > SOURCE_MDAT_BYTES_MAX) return stop(`an mdat of ${mdat.size} bytes is larger than the ${SOURCE_MDAT_BYTES_MAX} allowed`, moof.size)
  const tracks = [header.video, header.audio].filter((track): track is NonNullable<typeof track> => track !== undefined)
  const fragment = readMp4Fragment(unit.subarray(0, moof.size), moof.length, tracks)
  if (typeof fragment === 'string') return stop(fragment)
  const length = moof.size + mdat.size
  const first = fragment.samples[0]
  if (fragment.end > length || (first !== undefined && first.offset < moof.size + mdat.length)) return stop('a fragment of the MP4 claims bytes outside its mdat')
  return { ...fragment, moof, length }
}

/**
 * What the fragment's first video frame is, for that alone can make the `moof` a random-access point. Without an
 * answer in reach it counts as no keyframe.
 */
const leadingKeyframe = (unit: Uint8Array, pair: Pair, header: Mp4Tracks): KeyframeHead | Step<never> => {
  const lead = header.video && pair.samples.find((sample) => sample.trackId === header.video?.id)
  if (header.video === undefined || lead === undefined || !lead.sync || lead.offset > SOURCE_MOOF_LEAD_BYTES_MAX) return { key: false }
  const wanted = lead.offset + headBytes(lead.size)
  const read = readKeyframeHead(header.video, unit.subarray(lead.offset, wanted), unit.length >= wanted)
  return read ?? need(Math.min(wanted, Math.max(unit.length, lead.offset) + 64))
}

/** FFmpeg counts absolute offsets from the first byte that it was fed, the source from its own; both mean this `moof`. */
const rebased = (unit: Uint8Array, pair: Pair, fed: number): Uint8Array | undefined => {
  const view = viewOf(unit)
  if (pair.absoluteOffsetsAt.every((at) => uint64(view, at) === fed)) return undefined
  const replacement = unit.slice(0, pair.moof.size)
  for (const at of pair.absoluteOffsetsAt) viewOf(replacement).setBigUint64(at, BigInt(fed))
  return replacement
}

const stepMoof = (state: Mp4State, header: Mp4Tracks, unit: Uint8Array, at: UnitPosition, moof: BoxHead): Step<Mp4State> => {
  const pair = readPair(unit, moof, header)
  if ('_tag' in pair) return pair
  const keyframe = leadingKeyframe(unit, pair, header)
  if ('_tag' in keyframe) return keyframe
  const timeOf = (sample: Mp4Sample, track: Mp4Track): number => sample.time - track.editOffset
  const judged = header.video ? judgeKeyframe(header.video, keyframe, state.parameters) : { randomAccess: false, changed: false, parameters: state.parameters }
  const facts: Array<SourceFact> = []
  let timeline = state.timeline
  const seen = new Set<number>()
  for (const sample of pair.samples) {
    const isVideo = sample.trackId === header.video?.id
    const track = isVideo ? header.video : header.audio
    if (track === undefined) continue
    const time = timeOf(sample, track)
    if (!isReasonableTime(time, track.timescale)) return stop(`a fragment has the time ${time}, which is beyond reason`)
    const pts = toPts(time, track.timescale)
    const first = !seen.has(sample.trackId)
    seen.add(sample.trackId)
    const point: RandomAccessPoint = { position: { ingestSeq: at.ingestSeq, offset: at.offset, clusterTimecode: 0 }, pts, audioClock: stoppedAudioClock }
    timeline = follow(timeline, isVideo ? 'video' : 'audio', header.video?.codec, pts, facts)
    if (!isVideo) {
      facts.push({ _tag: 'AudioFrame', pts, duration: toPts(sample.duration, track.timescale), ...(first && { point }) })
      continue
    }
    const keyPoint = keyframe.key && keyframe.size ? { ...point, size: keyframe.size } : point
    if (first && judged.changed) facts.unshift({ _tag: 'ParametersChanged', at: keyPoint })
    facts.push({ _tag: 'VideoFrame', pts, ...(first && judged.randomAccess && { randomAccess: keyPoint }) })
  }
  const fed = judged.changed ? state.headerLength : state.fed
  const replacement = rebased(unit, pair, fed)
  const step = taken({ ...state, timeline, parameters: judged.parameters, fed }, unit, pair.length, facts)
  if (replacement === undefined || step._tag !== 'Taken') return step
  return { ...step, replacement, head: moof.size, pass: pair.length - moof.size }
}

/** Reads the unit that begins at `at`: a box, or a `moof` with its `mdat`. */
export const stepMp4 = (state: Mp4State, unit: Uint8Array, at: UnitPosition): Step<Mp4State> => {
  if (state.header === undefined) {
    const read = readHeader(unit)
    if ('_tag' in read) return read
    const next = { ...state, header: read, headerLength: read.length }
    return taken(next, unit, read.length, [{ _tag: 'Header', bytes: unit.slice(0, read.length), tracks: read.tracks }])
  }
  const head = readBoxHead(unit, 0)
  if (head === 'malformed') return stop('the bytes here are no MP4 box; chunks are missing or were sent out of order')
  if ('need' in head) return need(head.need)
  if (head.type === 'ftyp') return restart(freshMp4, at)
  if (head.type === 'moof') return stepMoof(state, state.header, unit, at, head)
  if (head.type === 'moov') return stop('a second header (moov) without a new beginning (ftyp)')
  if (head.type === 'mdat') return stop('media (mdat) without the moof that describes it')
  if (!besideFragments.has(head.type)) return stop('the bytes here are no MP4 box that belongs here; chunks are missing or were sent out of order')
  if (head.size > SOURCE_SKIPPED_BYTES_MAX) return stop(`a box of ${head.size} bytes is larger than the ${SOURCE_SKIPPED_BYTES_MAX} allowed`)
  return taken(state, unit, head.size)
}

/** Boxes that may stand between fragments. */
const besideFragments: ReadonlySet<string> = new Set(['styp', 'sidx', 'ssix', 'prft', 'emsg', 'free', 'skip', 'uuid', 'mfra', 'meta', 'udta'])
