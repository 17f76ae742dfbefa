/** Whether a live playback is over although the player does not say so. Pure. */

/** Where a playback stands in a playlist that has ended. */
export interface LastStretch {
  /** From the picture to the playlist's end, in seconds. */
  readonly rest_s: number
  /** For how long the picture has not moved, in ms. */
  readonly still_ms: number
}

const restMost_s = 1
const stillLeast_ms = 1_500

/**
 * A player that learns of the last part and of the end at once, as after a silence of its publisher, never loads that
 * part and waits for it for ever.
 */
export const isOver = ({ rest_s, still_ms }: LastStretch): boolean => rest_s < restMost_s && still_ms >= stillLeast_ms
