import type { InitInfo } from '../fmp4/readInit.ts'
import type { Sample } from '../fmp4/sample.ts'
import { FILL_JOINS_MS_MAX, STILL_LAG_MS } from './limits.ts'
import { msnAt, type Segmentation } from './segmentation.ts'
import { AAC_FRAME, silence } from './silence.ts'
import { toCommon, type Track } from './track.ts'

const TICKS_PER_MS = 90

/** Renditions, and how far the source has come. */
interface Filled {
  readonly tracks: ReadonlyArray<Track>
  readonly segmentation: Segmentation
}

type Kind = InitInfo['kind']

/**
 * The rendition is filled from where it ends on, or, where it has not begun or ended long before, from `begin` (90 kHz
 * ticks) on.
 */
const beginFilling = (track: Track, begin: number, step_ms: number): Track => {
  const { kind, timescale } = track.init.info
  const due = (begin * timescale) / 90_000
  const joins = track.frames > 0 && due - track.nextDts < (FILL_JOINS_MS_MAX * timescale) / 1_000
  const step = kind === 'audio' ? AAC_FRAME : Math.floor((step_ms * timescale) / 1_000)
  return { ...track, filler: { next: joins ? track.nextDts : Math.round(due), step, still: [], at: 0 } }
}

/**
 * Fills the rendition with frames that end at `until` (90 kHz ticks) or before; with `exact` the last frame of a still is
 * cut off there. Each segment begins with a keyframe.
 */
const fill = (track: Track, until: number, segmentation: Segmentation, exact = false): Track => {
  const { filler } = track
  if (filler === undefined) return track
  const end = Math.round((until * track.init.info.timescale) / 90_000)
  const missing = (end - filler.next) / filler.step
  const count = exact && track.init.info.kind === 'video' ? Math.ceil(missing) : Math.floor(missing)
  if (count <= 0) return track
  if (track.init.info.kind === 'audio') {
    return { ...track, pending: [...track.pending, ...silence(filler.next, count)], filler: { ...filler, next: filler.next + count * AAC_FRAME } }
  }
  const { still, step } = filler
  let { next, at } = filler
  const stills: Array<Sample> = []
  for (let left = count; left > 0; left -= 1) {
    if (msnAt(segmentation, toCommon(track, next)) !== msnAt(segmentation, toCommon(track, next - step)) || at >= still.length) at = 0
    const frame = still[at]
    if (frame === undefined) return track
    stills.push({ ...frame, dts: next, cts: 0, duration: exact ? Math.min(step, end - next) : step })
    next += step
    at += 1
  }
  return { ...track, pending: [...track.pending, ...stills], filler: { ...filler, next, at } }
}

/** From `begin` (90 kHz ticks) on the source gives nothing of a kind: all that was published of it is filled. */
export const startFilling = <State extends Filled>(state: State, kind: Kind, begin: number, step_ms: number): State =>
  ({ ...state, tracks: state.tracks.map((track) => (track.init.info.kind === kind && track.frames > 0 ? beginFilling(track, begin, step_ms) : track)) })

/** Fills what is to be filled as far as the source has come. */
export const fillOn = <State extends Filled>(state: State): State => {
  const { video, audio } = state.segmentation
  return fillUntil(audio === undefined ? state : fillUntil(state, 'video', audio - STILL_LAG_MS * TICKS_PER_MS), 'audio', video ?? 0)
}

/** Fills all renditions of a kind. */
export const fillUntil = <State extends Filled>(state: State, kind: Kind, until: number, exact = false): State =>
  state.tracks.some(({ filler }) => filler !== undefined) ? { ...state, tracks: state.tracks.map((track) => (track.init.info.kind === kind ? fill(track, until, state.segmentation, exact) : track)) } : state

/** Where the frames that wait end, over all renditions of a kind; 90 kHz ticks. */
export const endOfKind = ({ tracks }: Filled, kind: Kind): number =>
  Math.max(0, ...tracks.filter(({ init }) => init.info.kind === kind).map((track) => toCommon(track, pendingEnd(track))))

/** Where the frames of a rendition that wait end, in its ticks. */
export const pendingEnd = ({ pending, nextDts }: Track): number => {
  const last = pending.at(-1)
  return last === undefined ? nextDts : last.dts + last.duration
}
