import { PART_HOLD_BACK_PARTS } from '../../actors/playlist/limits.ts'
import { ticksOf } from '../../actors/playlist/liveWindow.ts'
import type { LiveWindow, RenditionWindow } from '../../actors/playlist/liveWindow.ts'
import { describeRendition, renderMultivariant } from '../../actors/playlist/renderMultivariant.ts'

/**
 * The multivariant playlist of a live stream; undefined as long as a player could not begin with it. That is until every
 * rendition has media and one of them has enough to play, since players never look again for a rendition that came late.
 */
export const liveMultivariant = (window: LiveWindow): string | undefined => {
  const playable = window.described.filter(({ name }) => (window.renditions.get(name)?.newest?.msn ?? -1) >= window.windowStartMsn)
  if (playable.length === 0) return undefined
  const begun = [...window.renditions.values()].some((rendition) => hasEnough(window, rendition))
  const complete = playable.length === window.described.length || [...window.renditions.values()].some(hasWholeSegment)
  return window.end || (begun && complete) ? renderMultivariant(playable.map(describeRendition)) : undefined
}

const hasWholeSegment = ({ segments }: RenditionWindow): boolean => [...segments.values()].some(({ closed }) => closed)

const hasEnough = ({ partTarget_us }: LiveWindow, rendition: RenditionWindow): boolean => {
  if (hasWholeSegment(rendition)) return true
  const [segment] = rendition.segments.values()
  if (segment === undefined) return false
  const whole = segment.parts.filter(({ completion }) => completion)
  return whole.length >= PART_HOLD_BACK_PARTS || (ticksOf(whole) / segment.timescale) * 1_000_000 >= PART_HOLD_BACK_PARTS * partTarget_us
}
