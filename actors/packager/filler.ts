import type { Sample } from '../fmp4/sample.ts'
import { STILL_FRAMES_MAX, STILL_MS_MAX } from './limits.ts'

/**
 * What a rendition shows while the source has nothing for it and others go on: players of picture and sound stop where
 * either ends. A still instead of pictures, silence instead of sound.
 */
export interface Filler {
  /** Where the next frame is due, and how long each lasts; in the track's ticks. */
  readonly next: number
  readonly step: number
  /** Frames of the still, the first a keyframe; empty until FFmpeg has made them. */
  readonly still: ReadonlyArray<Sample>
  /** Which of them comes next. */
  readonly at: number
}

/** How long a still's frames last, in ms: as long as a part, so that it is a part. */
export const stillStep_ms = (partTarget_us: number): number => (partTarget_us > 0 ? Math.min(Math.floor(partTarget_us / 1_000), STILL_MS_MAX) : STILL_MS_DEFAULT)

/** Frames that FFmpeg gives of a still. Whatever comes behind the first ones is more of the same. */
export const takeStill = (filler: Filler, samples: ReadonlyArray<Sample>): Filler =>
  filler.still.length >= STILL_FRAMES_MAX ? filler : { ...filler, still: [...filler.still, ...samples].slice(0, STILL_FRAMES_MAX) }

/** Length of a still's frame where no part target is known. */
const STILL_MS_DEFAULT = 200
