import type { LiveWindow, Part, Place, RecordFacts, RenditionWindow, Segment } from './liveWindow.ts'
import { ADVANCE_SEGMENTS_MAX } from './limits.ts'

/** One state of a media playlist: everything up to one whole part, as of the record that made it whole. */
export interface Revision {
  readonly rendition: string
  /** Newest part listed. */
  readonly upTo: Place
  readonly at: RecordFacts
  /** What the preload hint names; undefined once the stream has ended. */
  readonly next: Place | undefined
  readonly ended: boolean
  /** Segments listed, ascending; of the newest, the first `upTo.part + 1` parts. */
  readonly segments: ReadonlyArray<Segment>
  readonly partTarget_us: number
}

/** What a request for a playlist means: `part` undefined asks for the whole segment. */
export type Wanted = 'newest' | { readonly msn: number; readonly part: number | undefined }

/**
 * Ready: that very revision, the same bytes on every edge and for ever. Pending: it will come. TooFar: RFC 8216bis
 * 6.2.5.2 asks for a refusal. Gone: it has left the window, the newest one serves. Unknown: no such rendition or
 * nothing whole in it yet.
 */
export type RevisionAnswer =
  | { readonly _tag: 'Ready'; readonly revision: Revision }
  | { readonly _tag: 'Pending' }
  | { readonly _tag: 'TooFar' }
  | { readonly _tag: 'Gone' }
  | { readonly _tag: 'Unknown' }

/** Finds the revision of a rendition's media playlist that answers a request (RFC 8216bis 6.2.5.2). */
export const findRevision = (window: LiveWindow, name: string, wanted: Wanted): RevisionAnswer => {
  const rendition = window.renditions.get(name)
  const newest = rendition?.newest
  if (rendition === undefined || newest === undefined || newest.msn < window.windowStartMsn) return { _tag: 'Unknown' }
  if (wanted === 'newest') return ready(window, rendition, newest, window.end, 'nearest')
  if (wanted.msn < window.knownFrom) return { _tag: 'Gone' }
  if (isTooFar(window, newest, wanted)) return { _tag: 'TooFar' }
  const from: Place = wanted.part === undefined ? { msn: wanted.msn + 1, part: 0 } : { msn: wanted.msn, part: wanted.part }
  const first = firstFrom(rendition, from)
  if (first) return ready(window, rendition, first, undefined, 'exact')
  return window.end ? ready(window, rendition, newest, window.end, 'exact') : { _tag: 'Pending' }
}

const isTooFar = (window: LiveWindow, newest: Place, wanted: { readonly msn: number; readonly part: number | undefined }): boolean => {
  if (wanted.msn > newest.msn + ADVANCE_SEGMENTS_MAX) return true
  if (wanted.part === undefined || wanted.msn < newest.msn) return false
  const ahead = wanted.msn === newest.msn ? wanted.part - newest.part : wanted.part + 1
  return ahead > advancePartsMax(window.partTarget_us)
}

// The Advance Part Limit: three divided by the part target where that is below a second, else three.
const advancePartsMax = (partTarget_us: number): number =>
  partTarget_us > 0 && partTarget_us < 1_000_000 ? Math.ceil(3_000_000 / partTarget_us) : 3

// The first whole part at or after a place: a part beyond a segment's last means the next segment's first.
const firstFrom = (rendition: RenditionWindow, from: Place): Place | undefined => {
  for (const segment of rendition.segments.values()) {
    if (segment.msn < from.msn) continue
    const index = segment.msn === from.msn ? from.part : 0
    if (segment.parts[index]?.completion) return { msn: segment.msn, part: index }
    if (segment.parts[index]) return undefined
  }
  return undefined
}

// A reader that has only just begun may not know the segments that a part's playlist began with. For the newest part
// ('nearest') it then begins where it can: valid, and no later revision begins earlier.
const ready = (
  window: LiveWindow,
  rendition: RenditionWindow,
  upTo: Place,
  end: RecordFacts | undefined,
  start: 'exact' | 'nearest'
): RevisionAnswer => {
  const completion = completionAt(rendition, upTo)
  if (completion === undefined) return { _tag: 'Unknown' }
  const at = end ?? completion.at
  if (start === 'exact' && at.windowStartMsn < window.knownFrom) return { _tag: 'Gone' }
  const from = Math.max(at.windowStartMsn, window.knownFrom)
  const ended = end !== undefined
  const revision: Revision = {
    rendition: rendition.name,
    upTo,
    at,
    next: ended ? undefined : completion.next,
    ended,
    segments: [...rendition.segments.values()].filter(({ msn }) => msn >= from && msn <= upTo.msn),
    partTarget_us: window.partTarget_us
  }
  return { _tag: 'Ready', revision }
}

const completionAt = (rendition: RenditionWindow, place: Place): Part['completion'] =>
  rendition.segments.get(place.msn)?.parts[place.part]?.completion

/** Names a revision among those that one reader of a stream renders. */
export const revisionKey = ({ rendition, upTo, ended, segments }: Revision): string =>
  `${rendition}/${segments[0]?.msn ?? 0}/${ended ? 'end' : `${upTo.msn}.${upTo.part}`}`
