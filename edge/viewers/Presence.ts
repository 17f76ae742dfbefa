import { Context } from 'effect'

/** Counts those who watch over sockets. */
export interface PresenceShape {
  /**
   * A socket watches a stream: to be called when it opens; the function that it gives, when it has closed. `viewer` is the id of
   * the socket's URL, which counts as one viewer with HLS requests of the same id; without one the socket is a viewer by itself.
   */
  readonly socketViewer: (streamId: string, viewer: string | undefined) => () => void
}

/** Where nobody counts, nothing is done. */
export class Presence extends Context.Reference<PresenceShape>('millrace/edge/viewers/Presence', {
  defaultValue: () => ({ socketViewer: () => () => undefined })
}) {}
