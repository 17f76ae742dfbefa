import type { LiveWindow } from '../../actors/playlist/liveWindow.ts'
import { describeRendition, renderMultivariant } from '../../actors/playlist/renderMultivariant.ts'
import { SEGMENTS_BEFORE_GIVING_UP } from '../limits.ts'

/**
 * The multivariant playlist of a live stream; undefined as long as a player could not begin with it. That is until every
 * rendition lists a whole segment: hls.js takes a playlist of parts alone for an empty one and gives up, and no player
 * looks again for a rendition that came late. A rendition that does not come is left out in the end. `query` is put behind
 * each address in it.
 */
export const liveMultivariant = (window: LiveWindow, query = ''): string | undefined => {
  const listed = window.described.filter(({ name }) => segmentsListed(window, name) > 0)
  const most = Math.max(0, ...listed.map(({ name }) => segmentsListed(window, name)))
  const complete = listed.length === window.described.length || most >= SEGMENTS_BEFORE_GIVING_UP || window.end !== undefined
  return listed.length > 0 && complete ? renderMultivariant(listed.map(describeRendition), query) : undefined
}

// How many whole segments the newest playlist of a rendition lists: those before its newest, and that too at the end.
const segmentsListed = ({ renditions, windowStartMsn, end }: LiveWindow, name: string): number => {
  const rendition = renditions.get(name)
  const newest = rendition?.newest
  if (rendition === undefined || newest === undefined || newest.msn < windowStartMsn) return 0
  const before = [...rendition.segments.keys()].filter((msn) => msn >= windowStartMsn && msn < newest.msn)
  return before.length + (end ? 1 : 0)
}
