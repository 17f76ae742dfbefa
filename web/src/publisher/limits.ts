/** Limits of publishing from a page. What the edge limits stands in `edge/ingest/limits.ts`; these stay below it. */

/** Longest title, UTF-16 code units: what the edge takes. */
export const TITLE_LENGTH_MAX = 200
/** Bytes and chunks that are kept until they are acknowledged: 100 s of the best picture without a network. */
export const KEPT_BYTES_MAX = 64 * 1024 * 1024
export const KEPT_CHUNKS_MAX = 8_192
/** Bytes and chunks on their way: more wait here, so that a connection that comes back is not flooded. */
export const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024
export const IN_FLIGHT_CHUNKS_MAX = 512
/** Biggest chunk that is sent as one; a bigger one is cut. */
export const CHUNK_BYTES_MAX = 4 * 1024 * 1024
/** How long a stream that has not begun yet is tried for. */
export const START_WITHIN_MS = 15_000
/** Pauses between attempts to connect: the first, the first after an edge said "later", and the longest. */
export const RETRY_FIRST_MS = 250
export const RETRY_LATER_MS = 1_000
export const RETRY_MAX_MS = 4_000
/** An edge that says nothing for so long though something waits for its answer counts as gone; longer each time, for slow lines. */
export const SILENCE_MS = 6_000
export const SILENCE_MAX_MS = 24_000
/** The same for the answer to `start` and `resume`, for which the edge looks into its log. */
export const ASKED_SILENCE_MS = 12_000
/** The same for the answer to `stop`, for which the edge waits until the stream is finished. */
export const STOP_SILENCE_MS = 20_000
/** The same after the network has changed: the old connection mostly leads nowhere then. */
export const PROBE_MS = 2_500
/** A publisher without chunks says that it is there so often; viewers are told that it is away after 8 s without a word. */
export const PING_MS = 3_000
/** Times that a new recorder is asked for because the edge can go on with no other; more within `RENEWALS_MS` is a failure. */
export const RENEWALS_MAX = 3
export const RENEWALS_MS = 60_000
