import { create } from '@bufbuild/protobuf'
import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { type Fragments, FragmentsSchema, type Init, InitSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { type SegmentClosed, SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'
import { cut, endOf, type Ended } from './cut.ts'
import { AUDIO_LEAD_MS_MAX, RECORD_BYTES, STOPPED_MS, WINDOW_LAG_SEGMENTS_MAX, WINDOW_SEGMENTS_MIN } from './limits.ts'
import { emptyEstimate, isSettled, medianInterval, type PartTargetEstimate, partTarget_us } from './partTarget.ts'
import { endOfKind, fillUntil, pendingEnd } from './fill.ts'
import { audioLimit, beginAfresh, beginAt, emptySegmentation, forgetBefore, onSourceEnd, openedBy, type Segmentation } from './segmentation.ts'
import { closePart, lastLasts, newTrack, nextSegment, receive, toCommon, type Track } from './track.ts'

const TICKS_PER_MS = 90
const MICROSECONDS_PER_TICK = 100 / 9
/** What a rendition's bit rate is said to be before a segment of it is whole. */
const GUESS_BPS = 1_000_000

/** Frames of all renditions on their way into the log. Pure: every function gives a new one. */
export interface Packager {
  readonly tracks: ReadonlyArray<Track>
  readonly segmentation: Segmentation
  readonly estimate: PartTargetEstimate
  /** Fixed with the first record; 0 before. */
  readonly partTarget_us: number
  readonly frameInterval_us: number
  readonly discontinuities: number
  readonly shortParts: number
  readonly unannounced: ReadonlyArray<SegmentClosed>
  readonly windowStartMsn: number
  /** Greatest segment number that a record has opened; -1 before the first. */
  readonly openedMsn: number
  /** Wall clock (ms since 1970) of a timeline instant (90 kHz ticks). */
  readonly anchor: { readonly wall_ms: number; readonly ticks: number } | undefined
}

/** Lengths that an operator sets, in ms. */
export interface PackagerSettings {
  readonly part_ms: number
  readonly segment_ms: number
  readonly liveWindow_ms: number
}

/** How far the live window reaches: so many ms back, and back to this segment in any case. */
export interface WindowReach {
  readonly length_ms: number
  readonly shownFromMsn: number
}

export const newPackager = (settings: PackagerSettings): Packager => ({
  tracks: [],
  segmentation: emptySegmentation(settings.segment_ms),
  estimate: emptyEstimate,
  partTarget_us: 0,
  frameInterval_us: 0,
  discontinuities: 0,
  shortParts: 0,
  unannounced: [],
  windowStartMsn: 0,
  openedMsn: -1,
  anchor: undefined
})

/** Whether an init segment is what the rendition had before, or what it waits for. */
export const matchesInit = (state: Packager, rendition: string, bytes: Uint8Array, info: InitInfo): boolean => {
  const known = state.tracks.find(({ name }) => name === rendition)
  return known === undefined || known.lastPts < 0 || known.init.due || isSameInit(known, bytes, info)
}

/** Two versions of FFmpeg may write different segments about the same frames. */
const isSameInit = ({ init }: Track, bytes: Uint8Array, info: InitInfo): boolean => init.crc32c === crc32c(bytes) || isSameDecoder(init.info, info)

const isSameDecoder = (one: InitInfo, other: InitInfo): boolean => {
  const known = one.kind === 'audio' || (one.config_crc32c ?? 0) !== 0
  const same = (['kind', 'timescale', 'codec', 'width', 'height', 'channels', 'sampleRate', 'config_crc32c'] as const).every((field) => one[field] === other[field])
  return known && same
}

/** FFmpeg has made a rendition's init segment. */
export const receiveInit = (state: Packager, rendition: string, bytes: Uint8Array, info: InitInfo): Packager => {
  const crc = crc32c(bytes)
  const known = state.tracks.find(({ name }) => name === rendition)
  if (known === undefined) return { ...state, tracks: [...state.tracks, newTrack(rendition, { number: 0, crc32c: crc, info, bytes, written: false, due: false }, GUESS_BPS)] }
  const number = isSameInit(known, bytes, info) ? known.init.number : known.init.number + 1
  return replace(state, { ...known, init: { number, crc32c: crc, info, bytes, written: false, due: false } })
}

/** FFmpeg has made frames. */
export const receiveSamples = (state: Packager, rendition: string, samples: ReadonlyArray<Sample>): Packager => {
  const track = state.tracks.find(({ name }) => name === rendition)
  return track === undefined ? state : replace(state, receive(track, samples))
}

/**
 * FFmpeg has given its last frame. The newest picture of each rendition lasts until the next run's first picture, at
 * `until` (90 kHz ticks); with 'level' until the end of the rendition that ends last; with 'open' as usual.
 */
export const endRun = (running: Packager, until: number | 'level' | 'open'): Packager => {
  const state = fillUntil(running, 'video', typeof until === 'number' ? until : endOfKind(running, 'audio'), true)
  const interval_us = state.frameInterval_us > 0 ? state.frameInterval_us : medianInterval(state.estimate) * MICROSECONDS_PER_TICK
  const usual = ({ init }: Track): number => Math.round((interval_us * init.info.timescale) / 1_000_000)
  const tracks = state.tracks.map((track) => lastLasts(track, usual(track)))
  if (until === 'open') return fillUntil({ ...state, tracks }, 'audio', endOfKind({ ...state, tracks }, 'video'))
  const end = until === 'level' ? Math.max(0, ...tracks.map((track) => toCommon(track, pendingEnd(track)))) : until
  return fillUntil({ ...state, tracks: tracks.map((track) => lastLasts(track, usual(track), Math.round((end * track.init.info.timescale) / 90_000))) }, 'audio', end)
}

/** Bytes of frames that wait. */
export const pendingBytes = (state: Packager): number =>
  state.tracks.reduce((sum, { pending }) => sum + pending.reduce((bytes, { data }) => bytes + data.byteLength, 0), 0)

/** End of the published timeline over all renditions, 90 kHz ticks. */
export const timelineEnd = (state: Packager): number => Math.max(0, ...state.tracks.map((track) => toCommon(track, track.nextDts)))

/** Whether enough of the source was seen to fix the part target. */
export const isReady = (state: Packager): boolean => state.partTarget_us > 0 || isSettled(state.estimate)

/** How a record is to be taken. */
export interface TakeOptions {
  readonly settings: PackagerSettings
  /** Default: as long as the settings say. */
  readonly window?: WindowReach
  /** Size at which a record closes, where that is less than usual. */
  readonly record_bytes?: number
  /** The source has no video. */
  readonly alone: boolean
  /** FFmpeg gets no more input: its newest picture waits for `endRun`, which says how long it lasts. */
  readonly ending: boolean
  /** Nothing more comes: nothing waits for anything. */
  readonly final: boolean
  readonly streamId: string
  readonly token: number
}

/**
 * Takes what may be published now as the body of one record; undefined where there is nothing. All init segments ride
 * on each record that opens a segment number, and on the first one after FFmpeg has made any of them.
 */
export const takeFragments = (state: Packager, options: TakeOptions): { readonly packager: Packager; readonly body: Fragments } | undefined => {
  const decided = options.final ? { ...state, segmentation: onSourceEnd(state.segmentation) } : state
  const settled = decided.partTarget_us > 0 ? decided : settlePartTarget(decided, options)
  const limit = options.final ? Number.POSITIVE_INFINITY : audioLimit(settled.segmentation, options.alone)
  const rules = { segmentation: settled.segmentation, partTarget_us: settled.partTarget_us, limit, ending: options.ending, final: options.final }
  const body = create(FragmentsSchema, {})
  const ended: Array<Ended> = []
  let shortParts = 0
  let budget = Math.min(RECORD_BYTES, options.record_bytes ?? RECORD_BYTES)
  const cutTracks = settled.tracks.map((track) => {
    if (track.pending.length === 0 || budget <= 0) return track
    const result = cut(track, rules, budget)
    budget -= result.bytes
    shortParts += result.shortParts
    body.fragments.push(...result.fragments)
    ended.push(...result.ended)
    return result.track
  })
  if (body.fragments.length === 0) return undefined
  const tracks = cutTracks.map((track) => {
    if (!hasStopped(track, settled.segmentation)) return track
    ended.push(endOf(track))
    return nextSegment(track, track.nextDts)
  })
  const openedMsn = Math.max(settled.openedMsn, ...body.fragments.map(({ msn }) => msn))
  if (openedMsn > settled.openedMsn || tracks.some(({ init }) => init.bytes !== undefined && !init.written)) body.inits = tracks.flatMap(initOf)
  const measured = tracks.map((track) => ended.reduce(measureBandwidth, { ...track, init: { ...track.init, written: track.init.bytes !== undefined } }))
  const next = { ...settled, tracks: measured, openedMsn, shortParts: settled.shortParts + shortParts }
  const announced = { ...next, unannounced: [...next.unannounced, ...ended.map((end) => closedOf(next, end, options))] }
  return { packager: moveWindow(announced, options.window ?? { length_ms: options.settings.liveWindow_ms, shownFromMsn: Number.POSITIVE_INFINITY }), body }
}

/**
 * Whether the source has long gone on without a rendition's track, all of which has come out: its open segment would
 * hold all of the log back.
 */
const hasStopped = (track: Track, { video, audio }: Segmentation): boolean => {
  const [own, other] = track.init.info.kind === 'video' ? [video, audio] : [audio, video]
  if (own === undefined || other === undefined || other - own <= STOPPED_MS * TICKS_PER_MS) return false
  return track.pending.length === 0 && track.segmentFrames > 0 && toCommon(track, track.nextDts) >= own - AUDIO_LEAD_MS_MAX * TICKS_PER_MS
}

/** Ends every rendition's open segment: at the end of the stream, and before a discontinuity. */
export const endSegments = (state: Packager, options: TakeOptions): Packager => {
  const ended = state.tracks.filter(({ segmentFrames }) => segmentFrames > 0).map(endOf)
  const tracks = state.tracks.map((track) => (track.segmentFrames > 0 ? nextSegment(ended.reduce(measureBandwidth, track), track.nextDts) : track))
  return { ...state, tracks, unannounced: [...state.unannounced, ...ended.map((end) => closedOf(state, end, options))] }
}

/** After `endSegments`: the frames that follow belong to another run of FFmpeg, perhaps with other init segments. */
export const discontinue = (state: Packager): { readonly packager: Packager; readonly msn: number } => {
  const msn = Math.max(...state.tracks.map((track) => track.msn), 0)
  const tracks = state.tracks.map((track) => ({ ...track, started: false, lastPts: -1, resumedAt: afterCut(track), filler: undefined }))
  return { msn, packager: { ...state, tracks, discontinuities: state.discontinuities + 1, segmentation: beginAfresh(state.segmentation, msn), anchor: undefined } }
}

/** Where a source goes on in its own time, sound that was published may come again. */
const afterCut = (track: Track): number => (track.init.info.kind === 'audio' ? track.nextDts : 0)

/**
 * After `endSegments`: the same frames go on, but FFmpeg, another version of it perhaps, makes other init segments. What
 * is published stays so and is dropped when it comes again.
 */
export const replaceInits = (state: Packager): { readonly packager: Packager; readonly msn: number } => {
  const msn = Math.max(...state.tracks.map((track) => track.msn), 0)
  const start = Math.max(...state.tracks.filter((track) => track.msn === msn).map((track) => toCommon(track, track.nextDts)), 0)
  const tracks = state.tracks.map((track) => ({ ...track, init: { ...track.init, due: track.init.bytes === undefined } }))
  return { msn, packager: { ...state, tracks, discontinuities: state.discontinuities + 1, segmentation: beginAt(state.segmentation, msn, start) } }
}

/** Another owner, or another FFmpeg, goes on: the open parts end where they are. */
export const closeParts = (state: Packager): Packager => ({ ...state, tracks: state.tracks.map(closePart) })

/** The record taken last is in the log, in messages `first` to `last`: what said "this very record" now has its number. */
export const recordStored = (state: Packager, first: number, last: number): Packager => ({
  ...state,
  segmentation: openedBy(state.segmentation, state.openedMsn, first),
  tracks: state.tracks.map((track) => (track.segmentFrames > 0 && track.segmentFirstSeq === 0 ? { ...track, segmentFirstSeq: first } : track)),
  unannounced: state.unannounced.map((closed) =>
    closed.lastSeq !== 0n ? closed : { ...closed, lastSeq: BigInt(last), firstSeq: closed.firstSeq === 0n ? BigInt(first) : closed.firstSeq }
  )
})

const replace = (state: Packager, track: Track): Packager => ({ ...state, tracks: state.tracks.map((old) => (old.name === track.name ? track : old)) })

const settlePartTarget = (state: Packager, options: TakeOptions): Packager => {
  const interval = medianInterval(state.estimate)
  return { ...state, partTarget_us: partTarget_us(interval, options.settings.part_ms), frameInterval_us: Math.round(interval * MICROSECONDS_PER_TICK) }
}

const initOf = ({ name, init }: Track): ReadonlyArray<Init> =>
  init.bytes === undefined
    ? []
    : [create(InitSchema, {
        rendition: name,
        number: init.number,
        kind: init.info.kind === 'video' ? TrackKind.VIDEO : TrackKind.AUDIO,
        codec: init.info.codec,
        width: init.info.width ?? 0,
        height: init.info.height ?? 0,
        channels: init.info.channels ?? 0,
        sampleRate: init.info.sampleRate ?? 0,
        timescale: init.info.timescale,
        data: init.bytes
      })]

const measureBandwidth = (track: Track, end: Ended): Track => {
  if (end.track.name !== track.name || end.duration <= 0) return track
  const measured = Math.ceil((end.track.segmentBytes * 8 * track.init.info.timescale) / end.duration)
  return { ...track, bandwidth: track.bandwidthMeasured ? Math.max(track.bandwidth, measured) : measured, bandwidthMeasured: true }
}

const closedOf = (state: Packager, { track, duration }: Ended, options: TakeOptions): SegmentClosed =>
  create(SegmentClosedSchema, {
    streamId: options.streamId,
    rendition: track.name,
    msn: track.msn,
    init: track.init.number,
    start: BigInt(track.segmentStart),
    duration: BigInt(duration),
    timescale: track.init.info.timescale,
    programDateTimeMs: BigInt(wallClock(state, toCommon(track, track.segmentStart))),
    discontinuities: state.discontinuities,
    firstSeq: BigInt(track.segmentFirstSeq),
    lastSeq: 0n,
    frames: track.segmentFrames,
    bytes: BigInt(track.segmentBytes),
    fencingToken: BigInt(options.token)
  })

const wallClock = ({ anchor }: Packager, ticks: number): number =>
  anchor === undefined ? 0 : Math.round(anchor.wall_ms + (ticks - anchor.ticks) / TICKS_PER_MS)

/**
 * The live window begins with the oldest segment that lies wholly in its reach, which no rendition still has to give; it
 * never goes back.
 */
export const moveWindow = (state: Packager, { length_ms, shownFromMsn }: WindowReach): Packager => {
  const oldest = timelineEnd(state) - length_ms * TICKS_PER_MS
  const { firstMsn, starts } = state.segmentation
  const within = firstMsn + starts.findIndex(({ start }) => start >= oldest)
  const newest = state.tracks.filter(({ started, frames }) => started || frames === 0).map(({ msn }) => msn)
  const last = Math.max(Math.min(...newest), Math.max(...newest) - WINDOW_LAG_SEGMENTS_MAX) - WINDOW_SEGMENTS_MIN
  const windowStartMsn = Math.max(state.windowStartMsn, Math.min(within < firstMsn ? last : within, last, shownFromMsn))
  return { ...state, windowStartMsn, segmentation: forgetBefore(state.segmentation, windowStartMsn) }
}
