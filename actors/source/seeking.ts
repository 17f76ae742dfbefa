import { SOURCE_ALONE_MS } from '../limits.ts'
import { hasVideo, type Parser } from './parser.ts'
import type { RandomAccessPoint, SourceFact } from './sourceFacts.ts'
import { PTS_PER_SECOND } from './timeline.ts'

/** An offset in the epoch, and a time in 90 kHz ticks. */
export interface Place {
  readonly offset: number
  readonly pts: number
}

/** A place to go on is looked for; until then nothing is fed. */
export interface Seeking {
  /** Bytes are missing: what cannot be read is passed over. */
  readonly lossy: boolean
  /** The parser knows where it is. */
  readonly synchronised: boolean
  /** Only a point behind this counts, and not the first either, where that is `passed`. */
  readonly behind: Place
  readonly passed: boolean
  readonly videoSeen: boolean
  readonly firstAudio: number | undefined
  /** Frames that were passed over. */
  readonly frames: number
}

/** Any point will do. */
export const ANYWHERE: Place = { offset: Number.NEGATIVE_INFINITY, pts: Number.NEGATIVE_INFINITY }

/** Looks for a place to go on from here. */
export const beginSeeking = (change: Partial<Seeking> = {}): Seeking => ({
  lossy: false, synchronised: true, behind: ANYWHERE, passed: false, videoSeen: false, firstAudio: undefined, frames: 0, ...change
})

/** What the facts of one unit mean while a place is looked for. */
export type Sought =
  | { readonly _tag: 'Seeking'; readonly seeking: Seeking; readonly facts: ReadonlyArray<SourceFact> }
  | { readonly _tag: 'Found'; readonly at: RandomAccessPoint; readonly facts: ReadonlyArray<SourceFact> }

/**
 * Looks for a random-access point among the facts of one unit: a keyframe; sound where there is no picture, or where only
 * sound has come for a while. A new header is told of also meanwhile. Of what is found, frames alone are told: their
 * parameters and times are new ones.
 */
export const seek = (before: Seeking, parser: Parser, facts: ReadonlyArray<SourceFact>): Sought => {
  let seeking = before
  const told: Array<SourceFact> = []
  for (const fact of facts) {
    // Times say nothing any more where the source's time leaps, and offsets go on.
    if (fact._tag === 'Restarted' || fact._tag === 'Jump') seeking = { ...seeking, behind: { ...seeking.behind, pts: ANYWHERE.pts } }
    if (fact._tag === 'Restarted' || fact._tag === 'Header') told.push(fact)
    const point = startAt(seeking, parser, fact)
    if (point !== undefined && seeking.passed) seeking = { ...seeking, passed: false, behind: behindFirst(seeking.behind, parser, point) }
    else if (point !== undefined) return { _tag: 'Found', at: point, facts: facts.filter(({ _tag }) => _tag === 'VideoFrame' || _tag === 'AudioFrame') }
  }
  return { _tag: 'Seeking', seeking: passedOver(seeking, facts), facts: told }
}

/** Sound can be gone on with at each of its blocks: of it a while is passed over. */
const behindFirst = (behind: Place, parser: Parser, { position, pts }: RandomAccessPoint): Place =>
  ({ offset: position.offset, pts: Math.max(behind.pts, hasVideo(parser) ? pts : pts + (SOURCE_ALONE_MS * PTS_PER_SECOND) / 1_000) })

const startAt = ({ behind, passed, videoSeen, firstAudio }: Seeking, parser: Parser, fact: SourceFact): RandomAccessPoint | undefined => {
  const point = fact._tag === 'VideoFrame' ? fact.randomAccess : fact._tag === 'AudioFrame' ? fact.point : undefined
  if (point === undefined || (!passed && (point.position.offset <= behind.offset || point.pts <= behind.pts))) return undefined
  if (fact._tag === 'VideoFrame' || !hasVideo(parser)) return point
  const alone = !videoSeen && firstAudio !== undefined && point.pts - firstAudio >= (SOURCE_ALONE_MS * PTS_PER_SECOND) / 1_000
  return alone ? point : undefined
}

const passedOver = (seeking: Seeking, facts: ReadonlyArray<SourceFact>): Seeking => {
  const frames = facts.filter(({ _tag }) => _tag === 'VideoFrame' || _tag === 'AudioFrame').length
  const audio = facts.find((fact) => fact._tag === 'AudioFrame')
  const videoSeen = seeking.videoSeen || facts.some(({ _tag }) => _tag === 'VideoFrame')
  return { ...seeking, frames: seeking.frames + frames, videoSeen, firstAudio: seeking.firstAudio ?? audio?.pts }
}
