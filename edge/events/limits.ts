/** Bounds of events for viewers and programs that are not settings, with their unit last. Those of answers: `../limits.ts`. */

/** Streams that one socket may name. */
export const STREAMS_NAMED_MAX = 50
/** Biggest text that a client may send; beyond `PAYLOAD_BYTES_MAX` the socket is cut without a close frame. */
export const TEXT_BYTES_MAX = 1_024
export const PAYLOAD_BYTES_MAX = 64 * 1024
/** Messages that a client may send in a second. */
export const MESSAGES_PER_SECOND_MAX = 20
/** Bytes that may wait for a client that does not read, before it is cut; also where it has read nothing for `RESPONSE_STALL_MS`. */
export const BACKPRESSURE_BYTES_MAX = 1024 * 1024
/** Silence after which a socket's client counts as gone, pings being answered by its browser; whole seconds. */
export const IDLE_S = 30
/** How often figures are looked at for what is new in them. */
export const NEWS_LOOK_MS = 250
/** Least time between two updates of a stream, unless its state changes. */
export const UPDATE_MS_MIN = 1_000
/** Changes of lag and latency that are no news: what jitters would be told all the time. */
export const FIGURE_STEP_MS = 50
export const FIGURE_STEP_SHARE = 0.2
/** How long a stream that is live no more is looked at for news: its viewers go. */
export const OVER_LOOKED_AT_MS = 30_000
/** Viewers who come or go of whom each is told, per stream and second; of a crowd only the count is. */
export const MOVES_TOLD_MAX = 20
/** Pause before events that cannot be followed now are tried again. */
export const FOLLOW_RETRY_MS = 1_000
/** How often a client of server-sent events hears something, and after what pause it is to come back. */
export const COMMENT_MS = 15_000
export const RETRY_MS = 2_000
/** New events that wait while older ones are replayed to a client; beyond it the client is to come back, from where it is. */
export const REPLAY_BEHIND_MAX = 1_024
/** How often it is seen whether a client has read what was replayed, so that it may have more. */
export const REPLAY_LOOK_MS = 50
