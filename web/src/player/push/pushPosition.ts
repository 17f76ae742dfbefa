/** Where the picture should be in what a pushed stream has buffered. Pure; times of media in seconds. */
import type { TrackKind } from './watchMessage.ts'

/** Something that is buffered without a hole. */
export interface Range {
  readonly start_s: number
  readonly end_s: number
}

/** What is seen of a playback. */
export interface PushView {
  readonly position_s: number
  readonly isPaused: boolean
  readonly isSeeking: boolean
  /** In order; only what all tracks have. */
  readonly ranges: ReadonlyArray<Range>
  /** Where each track's own buffer ends. */
  readonly ends_s: Readonly<Partial<Record<TrackKind, number>>>
}

/** Kept behind the picture, also while it stands still. */
const kept_s = 10
/** Removing begins later than that, since each time costs something. */
const slack_s = 3
/** A hole is leapt over from here: decoders stop before the last pictures that they have. */
const brink_s = 0.2
/** Holes of less than this are none. */
const touching_s = 0.06
const into_s = 0.001
/** A picture that stands still for so long has left the live edge; nothing more is fetched for it. */
const restAhead_s = 20

const rangeAt = ({ position_s, ranges }: PushView): Range | undefined => ranges.find(({ start_s, end_s }) => position_s >= start_s - touching_s && position_s <= end_s + touching_s)

/** How much can be played from here without a hole. */
export const aheadOf = (view: PushView): number => Math.max(0, (rangeAt(view)?.end_s ?? view.position_s) - view.position_s)

/** Where a viewer who joins begins: close behind the newest, in what came without a hole. */
export const joinAt = ({ ranges }: PushView, target_s: number): number | undefined => {
  const newest = ranges.at(-1)
  return newest && Math.max(newest.start_s + into_s, newest.end_s - target_s)
}

/**
 * The other side of a hole that the picture stands before, or is in; `undefined`: there is none. A seek close to a hole
 * is never done: decoders wait for more than there is.
 */
export const beyondHole = (view: PushView): number | undefined => {
  if (view.isPaused) return undefined
  const here = rangeAt(view)
  if (here !== undefined && view.position_s < here.end_s - brink_s) return undefined
  const next = view.ranges.find(({ start_s }) => start_s > Math.max(view.position_s, here?.start_s ?? Number.NEGATIVE_INFINITY))
  return next && next.start_s + into_s
}

/** Up to where old media is to be removed; `undefined`: nothing yet. */
export const trimBefore = ({ position_s, ranges }: PushView): number | undefined => {
  const oldest_s = ranges[0]?.start_s
  return oldest_s !== undefined && oldest_s < position_s - kept_s - slack_s ? position_s - kept_s : undefined
}

/** Whether the picture has stood still for so long that fetching is to stop. */
export const isResting = (view: PushView): boolean => view.isPaused && (view.ranges.at(-1)?.end_s ?? 0) - view.position_s > restAhead_s

const starvedAhead_s = 0.3
const spareAhead_s = 1

/** A track that holds the picture up: it has nothing more to play, and the other has. */
export const starvedTrack = ({ position_s, ends_s: { video, audio } }: PushView): TrackKind | undefined => {
  if (video === undefined || audio === undefined) return undefined
  const [picture_s, sound_s] = [video - position_s, audio - position_s]
  if (Math.min(picture_s, sound_s) > starvedAhead_s || Math.max(picture_s, sound_s) < spareAhead_s) return undefined
  return picture_s < sound_s ? 'video' : 'audio'
}
