/** Where wall-clock times lie on a live playlist's timeline. Pure. */

/** A segment, as far as time goes. */
export interface DatedSegment {
  /** On the player's timeline, in seconds. */
  readonly start: number
  readonly duration: number
  /** ms since 1970. */
  readonly programDateTime: number | null
}

/** A moment within the oldest segment, so that a player does not look before it. */
const within_s = 0.05

/** The player's time of a wall-clock time; before the window, its beginning. `undefined`: the playlist has no dates. */
export const positionAt = (segments: ReadonlyArray<DatedSegment>, at_ms: number): number | undefined => {
  const dated = segments.filter(({ programDateTime }) => programDateTime !== null)
  const oldest = dated[0]
  if (oldest === undefined) return undefined
  const here = dated.findLast(({ programDateTime }) => (programDateTime ?? 0) <= at_ms) ?? oldest
  return Math.max(oldest.start + within_s, here.start + Math.min(here.duration, (at_ms - (here.programDateTime ?? at_ms)) / 1000))
}

/** The wall-clock time of a player's time; `undefined` where the playlist has no date for it. */
export const dateAt = (segments: ReadonlyArray<DatedSegment>, position_s: number): number | undefined => {
  const here = segments.findLast(({ start, programDateTime }) => programDateTime !== null && start <= position_s + within_s)
  return here?.programDateTime == null ? undefined : here.programDateTime + (position_s - here.start) * 1000
}
