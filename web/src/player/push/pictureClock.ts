/** Which wall-clock time a pushed picture shows, from the program date-times of its fragments. Pure. */

interface Mark {
  readonly media_s: number
  readonly at_ms: number
}

/** Marks in the order of media time. */
export interface PictureClock {
  readonly marks: ReadonlyArray<Mark>
}

const marksMost = 240
/** Fragments closer together tell nothing new. */
const apart_s = 0.2
/** A clock that goes on by itself may differ by so much before it is marked anew. */
const tolerance_ms = 20

/** A clock that knows nothing yet. */
export const stoppedClock: PictureClock = { marks: [] }

/** The wall-clock time at a media time, ms since 1970; `undefined`: nothing from before it is known. */
export const timeAt = ({ marks }: PictureClock, media_s: number): number | undefined => {
  const mark = marks.findLast((each) => each.media_s <= media_s + tolerance_ms / 1000)
  return mark && mark.at_ms + (media_s - mark.media_s) * 1000
}

/** The clock with what a fragment says; those that only confirm it are left out, and what lies behind a newer mark in time is forgotten. */
export const markTime = (clock: PictureClock, media_s: number, at_ms: number): PictureClock => {
  const last = clock.marks.at(-1)
  if (last !== undefined && media_s > last.media_s) {
    const expected_ms = last.at_ms + (media_s - last.media_s) * 1000
    if (Math.abs(expected_ms - at_ms) <= tolerance_ms && media_s - last.media_s < apart_s) return clock
    return { marks: [...clock.marks, { media_s, at_ms }].slice(-marksMost) }
  }
  return { marks: [...clock.marks.filter((each) => each.media_s < media_s), { media_s, at_ms }].slice(-marksMost) }
}
