/** What Home shows, in which order. Pure. */
import type { Stream } from '../api/stream.ts'

/** Recordings that Home shows at most. */
export const RECORDINGS_SHOWN = 24

const byNewest = (one: Stream, other: Stream): number => (one.startedAt < other.startedAt ? 1 : one.startedAt > other.startedAt ? -1 : 0)

/** The newest recordings first. */
export const recordingsOf = (streams: Iterable<Stream>): ReadonlyArray<Stream> => [...streams].filter(({ status }) => status === 'archived').sort(byNewest).slice(0, RECORDINGS_SHOWN)

/**
 * What is live. At first what most people watch, then the newest; later, what is shown keeps its place and newcomers stand
 * behind it, so that nothing moves away under a finger that is about to press it.
 */
export const liveOf = (streams: Iterable<Stream>, shown: ReadonlyArray<Stream>): ReadonlyArray<Stream> => {
  const places = new Map(shown.map(({ id }, place) => [id, place]))
  const placeOf = ({ id }: Stream): number => places.get(id) ?? places.size
  const byAudience = (one: Stream, other: Stream): number => (places.size > 0 ? 0 : (other.viewers ?? 0) - (one.viewers ?? 0))
  return [...streams].filter(({ status }) => status === 'live').sort((one, other) => placeOf(one) - placeOf(other) || byAudience(one, other) || byNewest(one, other))
}
