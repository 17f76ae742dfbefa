import { AUDIO_LEAD_MS_MAX, FRAMES_REMEMBERED, SEGMENT_ALONE_MS_MAX, SEGMENT_MS_MAX, TICKS_EQUAL } from './limits.ts'

const TICKS_PER_MS = 90
const SEGMENT_TICKS_MAX = SEGMENT_MS_MAX * TICKS_PER_MS

/** Where a segment begins, on the timeline in 90 kHz ticks; `firstSeq` 0 until a record has opened it. */
export interface SegmentStart {
  readonly start: number
  readonly firstSeq: number
}

/**
 * Where the segments of a stream begin, the same in all renditions: decided from the source's frames, which are seen
 * before FFmpeg has them, so that no rendition waits for another.
 */
export interface Segmentation {
  readonly segment_ms: number
  /** Number of the first entry of `starts`. */
  readonly firstMsn: number
  readonly starts: ReadonlyArray<SegmentStart>
  /** Where video begins the newest segment, if that is before its start: see `endBeforeNewest`. */
  readonly early: number | undefined
  /** The next frame begins a segment, whatever came before: at the beginning and after a discontinuity. */
  readonly fresh: boolean
  /** Newest video and audio frame of the source since then, timeline ticks. */
  readonly video: number | undefined
  readonly audio: number | undefined
  /** Times of the newest video frames since then, as they came: at most `FRAMES_REMEMBERED`. */
  readonly recent: ReadonlyArray<number>
}

export const emptySegmentation = (segment_ms: number, firstMsn = 0): Segmentation => ({ segment_ms, firstMsn, starts: [], early: undefined, fresh: true, video: undefined, audio: undefined, recent: [] })

/**
 * A video frame of the source: a segment ends at the first keyframe that is late enough, or before it would be too long.
 * One frame alone may be too long; then nothing else is in its segment.
 */
export const onVideoFrame = (state: Segmentation, pts: number, keyframe: boolean): Segmentation => {
  const before = state.starts.at(-1)?.start
  const seen = { ...state, video: Math.max(pts, state.video ?? pts), recent: [...state.recent.slice(1 - FRAMES_REMEMBERED), pts] }
  if (before === undefined || state.fresh) return begin(seen, pts)
  const ended = goOnForAudio(state.video === undefined ? seen : endBeforeNewest(seen, state.video, pts), pts)
  const isLateKeyframe = keyframe && pts - before >= state.segment_ms * TICKS_PER_MS
  return isLateKeyframe || pts - videoStart(ended, pts) > SEGMENT_TICKS_MAX ? begin(ended, pts) : ended
}

/**
 * How long the newest frame lasts is known when the next one comes, at `pts`; FFmpeg has not given it before. Where it
 * makes its segment too long it begins another, or the one that audio has begun meanwhile.
 */
const endBeforeNewest = (state: Segmentation, newest: number, pts: number): Segmentation => {
  const start = videoStart(state, newest)
  if (newest >= start) return newest > start && pts - start > SEGMENT_TICKS_MAX ? begin(state, newest) : state
  const own = state.starts.at(-2)?.start ?? newest
  return newest > own && pts - own > SEGMENT_TICKS_MAX ? { ...state, early: newest } : state
}

/** While one picture stands for longer than a segment may, sound needs segments of its own, as if it had begun them. */
const goOnForAudio = (state: Segmentation, pts: number): Segmentation => {
  const start = state.starts.at(-1)?.start ?? pts
  return state.audio === undefined || pts - start <= SEGMENT_TICKS_MAX ? state : goOnForAudio(begin(state, start + SEGMENT_ALONE_MS_MAX * TICKS_PER_MS), pts)
}

/** Where video's share of the newest segment begins. */
const videoStart = (state: Segmentation, otherwise: number): number => state.early ?? state.starts.at(-1)?.start ?? otherwise

/**
 * An audio frame of the source. It ends a segment only where there is no video to do so: `alone` in a source without
 * video, else when video has stayed away for longer than audio waits for it, and then where audio has waited.
 */
export const onAudioFrame = (state: Segmentation, pts: number, alone: boolean): Segmentation => {
  const seen = { ...state, audio: Math.max(pts, state.audio ?? pts) }
  const start = state.starts.at(-1)?.start
  if (start === undefined || state.fresh) return alone ? begin(seen, pts) : seen
  if (alone) {
    if (pts - start > SEGMENT_TICKS_MAX) return onAudioFrame(begin(seen, start + state.segment_ms * TICKS_PER_MS), pts, alone)
    return pts - start >= state.segment_ms * TICKS_PER_MS ? begin(seen, pts) : seen
  }
  const next = endOfAlone(state, start)
  return pts - next > AUDIO_LEAD_MS_MAX * TICKS_PER_MS ? onAudioFrame(begin(seen, next), pts, alone) : seen
}

/** Nothing more comes: audio that has waited for video goes on without it. */
export const onSourceEnd = (state: Segmentation): Segmentation => {
  const start = state.starts.at(-1)?.start
  if (start === undefined || state.audio === undefined || state.audio - start <= SEGMENT_TICKS_MAX) return state
  const next = endOfAlone(state, start)
  return next < state.audio ? onSourceEnd(begin(state, next)) : state
}

/** Where audio ends the segment that began at `start`, if video does not come back. */
const endOfAlone = (state: Segmentation, start: number): number => Math.max(start + SEGMENT_ALONE_MS_MAX * TICKS_PER_MS, state.video ?? start)

/** How long the source lets the video frame at `pts` stand, ticks; undefined where nothing is seen behind it. */
export const lengthAt = ({ recent }: Segmentation, pts: number): number | undefined => {
  const next = recent.find((time) => time > pts + TICKS_EQUAL)
  return next === undefined ? undefined : next - pts
}

/** Until when audio may be published: no boundary before this can come any more. */
export const audioLimit = (state: Segmentation, alone: boolean): number => {
  if (alone) return Number.POSITIVE_INFINITY
  const { video, audio } = state
  return Math.max(video ?? Number.NEGATIVE_INFINITY, (audio ?? Number.NEGATIVE_INFINITY) - AUDIO_LEAD_MS_MAX * TICKS_PER_MS)
}

/** Start of a segment, or undefined where it is not decided yet. One that is forgotten began long ago. */
export const startOf = (state: Segmentation, msn: number): number | undefined =>
  msn < state.firstMsn ? Number.NEGATIVE_INFINITY : state.starts[msn - state.firstMsn]?.start

/** The segment that a frame belongs to. A frame before the first start belongs to the first segment. */
export const msnAt = (state: Segmentation, pts: number): number => {
  const index = state.starts.findLastIndex(({ start }) => start <= pts + TICKS_EQUAL)
  return state.firstMsn + Math.max(0, index)
}

/** Notes the record that opened a segment. */
export const openedBy = (state: Segmentation, msn: number, seq: number): Segmentation => ({
  ...state,
  starts: state.starts.map((entry, i) => (state.firstMsn + i <= msn && entry.firstSeq === 0 ? { ...entry, firstSeq: seq } : entry))
})

/** After a discontinuity segment `msn` begins with the next frame; what was decided beyond it is void. */
export const beginAfresh = (state: Segmentation, msn: number): Segmentation => ({
  ...state, starts: state.starts.slice(0, msn - state.firstMsn), early: undefined, fresh: true, video: undefined, audio: undefined, recent: []
})

/** Segment `msn` begins at `start`, in front of what was decided beyond it. */
export const beginAt = (state: Segmentation, msn: number, start: number): Segmentation => {
  const at = msn - state.firstMsn
  return { ...state, starts: [...state.starts.slice(0, at), { start, firstSeq: 0 }, ...state.starts.slice(at).filter((next) => next.start > start + TICKS_EQUAL)] }
}

/** Forgets segments before `msn`. */
export const forgetBefore = (state: Segmentation, msn: number): Segmentation =>
  msn <= state.firstMsn ? state : { ...state, firstMsn: msn, starts: state.starts.slice(msn - state.firstMsn) }

const begin = (state: Segmentation, start: number): Segmentation => ({ ...state, fresh: false, early: undefined, starts: [...state.starts, { start, firstSeq: 0 }] })
