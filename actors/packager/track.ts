import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'
import { SEGMENT_MS_MAX, SILENCE_MS_MAX } from './limits.ts'
import { takeStill, type Filler } from './filler.ts'
import { AAC_FRAME, silence } from './silence.ts'

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
  /** Of the newest frame published. */
  readonly lastDts: Ticks
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
  /** Set while the source gives nothing of this rendition and others go on. */
  readonly filler: Filler | undefined
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
  /** Nothing of the rendition came out since the last discontinuity: the next one may be another. */
  readonly due: boolean
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
  lastDts: 0,
  resumedAt: 0,
  lastPts: -1,
  frames: 0,
  fragment: 1,
  bandwidth,
  bandwidthMeasured: false,
  segmentFirstSeq: 0,
  segmentFrames: 0,
  segmentBytes: 0,
  pending: [],
  filler: undefined
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
 * frame begins where the last one ended. Video times are never touched. While the rendition is filled, what comes is a still.
 */
export const receive = (track: Track, samples: ReadonlyArray<Sample>): Track => {
  if (track.filler !== undefined) return { ...track, filler: takeStill(track.filler, samples) }
  const { kind, timescale } = track.init.info
  const tolerance = kind === 'audio' ? AAC_FRAME / 2 : timescale / HALF_MS_PER_SECOND
  const fresh = samples.filter((sample) => sample.dts + tolerance >= track.resumedAt)
  if (kind === 'video') return { ...track, pending: [...track.pending, ...fresh] }
  const last = track.pending.at(-1)
  const joins = last === undefined && track.frames > 0 && (!track.started || track.nextDts === track.resumedAt)
  const audio = joins ? joinOn(track, fresh) : fresh
  let due = last === undefined ? (track.started && !joins ? track.nextDts : audio[0]?.dts ?? 0) : last.dts + last.duration
  const placed = audio.map((sample) => {
    const dts = due
    due += AAC_FRAME
    return { ...sample, dts, duration: AAC_FRAME }
  })
  return { ...track, pending: [...track.pending, ...placed] }
}

/**
 * The first sound of a run joins on to the last before it. Behind a discontinuity an encoder's priming lies over that,
 * and is dropped; a short hole is filled with silence, since players stop at holes.
 */
const joinOn = ({ started, nextDts, init }: Track, samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> => {
  const behind = started ? samples : samples.filter(({ dts }) => dts >= nextDts)
  const first = behind[0]
  if (first === undefined) return []
  if (started && first.dts - nextDts < AAC_FRAME / 2) return [{ ...first, dts: nextDts }, ...behind.slice(1)]
  const count = Math.floor((first.dts - nextDts) / AAC_FRAME)
  return count * AAC_FRAME > (SILENCE_MS_MAX * init.info.timescale) / 1_000 ? behind : [...silence(first.dts - count * AAC_FRAME, count), ...behind]
}

/**
 * A run of FFmpeg is over: how long its newest picture lasts FFmpeg could only guess. It lasts until `until` (ticks)
 * where that is known and leaves its segment short enough, else for the source's usual `interval`.
 */
export const lastLasts = (track: Track, interval: Ticks, until?: Ticks): Track => {
  const last = track.pending.at(-1)
  if (last === undefined || track.init.info.kind === 'audio') return track
  const guessed = isGuess(track, last) ? Math.max(interval, track.init.info.timescale / GUESSES_PER_SECOND + 1) : last.duration
  const longest = ((track.started ? track.segmentStart : last.dts) * 1_000 + SEGMENT_MS_MAX * track.init.info.timescale) / 1_000 - last.dts
  // Out of order of presentation, the picture stored last is not the one shown last.
  const known = until === undefined || last.cts !== 0 || until <= last.dts ? guessed : Math.min(until - last.dts, Math.max(guessed, Math.floor(longest)))
  return { ...track, pending: [...track.pending.slice(0, -1), { ...last, duration: known }] }
}

/** Whether FFmpeg was ended before it knew how long this picture lasts. */
export const isGuess = ({ init: { info } }: Pick<Track, 'init'>, { duration }: Sample): boolean => info.kind === 'video' && duration <= info.timescale / GUESSES_PER_SECOND

/** Times that differ by less are the same frame's. */
export const HALF_MS_PER_SECOND = 2_000
/** No camera makes a thousand pictures a second: a shorter duration is a guess. */
const GUESSES_PER_SECOND = 1_000
