import { SOURCE_APART_MS_MAX, SOURCE_IN_LINE_MS_MAX, SOURCE_STRAYS_MAX } from '../limits.ts'
import { hasVideo, type Parser, timelineOf } from './parser.ts'
import type { SourceFact } from './sourceFacts.ts'
import { PTS_PER_SECOND } from './timeline.ts'

/**
 * Sound that is out of line with the picture: of one leap of the source's time the tracks tell some blocks apart. The
 * picture leads; sound that comes too early or too late for it is passed over.
 */
export interface Strays {
  /** Units in a row that were passed over. */
  readonly count: number
  /** The source's time has leapt: sound must first be found in line with the picture. */
  readonly afterLeap: boolean
}

export const noStrays: Strays = { count: 0, afterLeap: false }

/** What one unit means for the source's time. */
export type Leap = 'None' | 'Leap' | 'Stray'

const ticks = (ms: number): number => (ms * PTS_PER_SECOND) / 1_000

/** Judges the facts of one unit; `before` and `after` are the parser before and behind it. */
export const judgeLeap = (strays: Strays, before: Parser, facts: ReadonlyArray<SourceFact>): Leap => {
  const jumps = facts.filter((fact) => fact._tag === 'Jump')
  const audio = facts.find((fact) => fact._tag === 'AudioFrame')
  const onlySound = audio !== undefined && !facts.some(({ _tag }) => _tag === 'VideoFrame')
  const picture = timelineOf(before).video
  if (onlySound && hasVideo(before) && strays.afterLeap && picture !== undefined) {
    return Math.abs(audio.pts - picture) <= ticks(SOURCE_APART_MS_MAX) ? 'None' : 'Stray'
  }
  if (jumps.every((jump) => isStall(jump, before))) return 'None'
  return onlySound && hasVideo(before) && strays.count < SOURCE_STRAYS_MAX ? 'Stray' : 'Leap'
}

/** A track that was silent for long and comes back where the other one is has not leapt. */
const isStall = ({ track, pts, previous }: SourceFact & { readonly _tag: 'Jump' }, before: Parser): boolean => {
  const other = timelineOf(before)[track === 'video' ? 'audio' : 'video']
  return pts > previous && other !== undefined && Math.abs(pts - other) <= ticks(SOURCE_IN_LINE_MS_MAX)
}
