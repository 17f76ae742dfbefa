import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'

/** Ticks of `timescale`, on the timeline. */
type Ticks = number

/** One rendition: how far it is published, and what waits. */
export interface Track {
  readonly name: string
  readonly init: TrackInit
  /** Segment and part that the next fragment belongs to. */
  readonly msn: number
  readonly part: number
  /** Whether a frame was published since the last discontinuity: until then starts are not known. */
  readonly started: boolean
  readonly segmentStart: Ticks
  readonly partStart: Ticks
  /** Where the next frame is due. */
  readonly nextDts: Ticks
  /** Frames before this were published by an earlier owner and come again; 0: none. */
  readonly resumedAt: Ticks
  /** Greatest presentation time published since the last discontinuity; -1: none. */
  readonly lastPts: Ticks
  readonly frames: number
  /** `moof` sequence number of the next fragment. */
  readonly fragment: number
  /** Bits per second: the greatest of any closed segment, or a guess. */
  readonly bandwidth: number
  readonly bandwidthMeasured: boolean
  /** Of the open segment. */
  readonly segmentFirstSeq: number
  readonly segmentFrames: number
  readonly segmentBytes: number
  readonly pending: ReadonlyArray<Sample>
}

/** The init segment in use. */
export interface TrackInit {
  readonly number: number
  readonly crc32c: number
  readonly info: InitInfo
  /** Absent after a takeover, until FFmpeg has made it again. */
  readonly bytes: Uint8Array | undefined
  /** Whether this owner has put it into a record. */
  readonly written: boolean
}

/** A rendition of which nothing is published. */
export const newTrack = (name: string, init: TrackInit, bandwidth: number): Track => ({
  name,
  init,
  msn: 0,
  part: 0,
  started: false,
  segmentStart: 0,
  partStart: 0,
  nextDts: 0,
  resumedAt: 0,
  lastPts: -1,
  frames: 0,
  fragment: 1,
  bandwidth,
  bandwidthMeasured: false,
  segmentFirstSeq: 0,
  segmentFrames: 0,
  segmentBytes: 0,
  pending: []
})

/** The next segment, of which nothing is published; numbers never skip. */
export const nextSegment = (track: Track, start: Ticks): Track =>
  ({ ...track, msn: track.msn + 1, part: 0, segmentStart: start, partStart: start, segmentFirstSeq: 0, segmentFrames: 0, segmentBytes: 0 })

/** The open part ends where it is; the next frame begins another. */
export const closePart = (track: Track): Track =>
  track.started && track.partStart < track.nextDts ? { ...track, part: track.part + 1, partStart: track.nextDts } : track

/** Ticks of a track as 90 kHz ticks. */
export const toCommon = (track: Pick<Track, 'init'>, ticks: Ticks): number => (ticks * 90_000) / track.init.info.timescale

/**
 * New frames from FFmpeg; those that an earlier owner has published are dropped. Audio goes on the running grid: each
 * frame begins where the last one ended. Video times are never touched.
 */
export const receive = (track: Track, samples: ReadonlyArray<Sample>): Track => {
  const { kind, timescale } = track.init.info
  const tolerance = kind === 'audio' ? AUDIO_FRAME / 2 : timescale / HALF_MS_PER_SECOND
  const fresh = samples.filter((sample) => sample.dts + tolerance >= track.resumedAt)
  if (kind === 'video') return { ...track, pending: [...track.pending, ...fresh] }
  const last = track.pending.at(-1)
  let due = last === undefined ? (track.lastPts >= 0 ? track.nextDts : fresh[0]?.dts ?? 0) : last.dts + last.duration
  const placed = fresh.map((sample) => {
    const dts = due
    due += AUDIO_FRAME
    return { ...sample, dts, duration: AUDIO_FRAME }
  })
  return { ...track, pending: [...track.pending, ...placed] }
}

/** FFmpeg has no more input: how long its newest picture lasts it could only guess; now it is `interval` (ticks). */
export const lastLasts = (track: Track, interval: number): Track => {
  const last = track.pending.at(-1)
  if (last === undefined || track.init.info.kind === 'audio' || last.duration > track.init.info.timescale / GUESSES_PER_SECOND) return track
  return { ...track, pending: [...track.pending.slice(0, -1), { ...last, duration: interval }] }
}

/** Samples in an AAC frame. */
const AUDIO_FRAME = 1_024
const HALF_MS_PER_SECOND = 2_000
/** No camera makes a thousand pictures a second: a shorter duration is a guess. */
const GUESSES_PER_SECOND = 1_000
