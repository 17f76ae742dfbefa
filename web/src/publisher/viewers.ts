/** How many watch a stream, from what the edge says to its publisher. Pure. */
import type { EdgeMessage } from './messages.ts'

/** `isOfAll`: of all edges, not only of the one that the publisher is connected to. */
export interface Viewers {
  readonly count: number | undefined
  readonly isOfAll: boolean
}

/** Nothing has been said. */
export const unknownViewers: Viewers = { count: undefined, isOfAll: false }

/** Counts of all edges are what is shown; those of one edge only until there is one of all. */
export const countViewers = (viewers: Viewers, message: EdgeMessage, id: string): Viewers => {
  if (message.type !== 'viewerCount' && message.type !== 'viewerJoined' && message.type !== 'viewerLeft') return viewers
  const isOfAll = message.type === 'viewerCount'
  if (message.recordingId !== id || (viewers.isOfAll && !isOfAll)) return viewers
  return { count: message.viewerCount, isOfAll }
}
