/** Bounds of an edge's HTTP and playback that are not settings, with their unit last. Those of ingest: `ingest/limits.ts`. */

/** Longest path and query. */
export const URL_LENGTH_MAX = 2_048
/** A response of which a viewer has read nothing for this long is cut, before uWebSockets.js does it uncounted. */
export const RESPONSE_STALL_MS = 6_000
/** A response that takes longer than this is cut, however slowly it moves. */
export const RESPONSE_MS_MAX = 120_000
/** How often responses are looked over for these two. */
export const RESPONSE_SWEEP_MS = 1_000
/** Bytes that may wait for the client of an answer that goes on, before it is cut. */
export const OUTFLOW_BYTES_MAX = 1024 * 1024
/** Longest wait of one check of readiness. */
export const READINESS_TIMEOUT_MS = 2_000
/** File descriptors that a process must have left to be ready. */
export const DESCRIPTORS_FREE_MIN = 8
/** Blocking requests get the unchanged playlist after this: half a target duration, since hls.js gives up at 0.8. */
export const BLOCKING_MS_MAX = 3_000
/** How long a player's first request waits for the stream's first segment; hls.js gives it 20 s. */
export const FIRST_SEGMENT_MS_MAX = 8_000
/** A rendition that has no segment when another has so many is left out of the multivariant playlist. */
export const SEGMENTS_BEFORE_GIVING_UP = 3
/** For how long after its end a stream is begun to be followed; shorter than its live window stays in the log. */
export const ENDED_FOLLOWED_MS = 40_000
/** Streams of which this edge finds out at once whether they are there, before it follows them. */
export const UNKNOWN_LOOKUPS_MAX = 64
/** Time to catch up with a stream's log when its first viewer comes. */
export const CATCH_UP_MS_MAX = 10_000
/** Rendered playlists kept per stream. */
export const RENDERED_MAX = 64
/** Segments of a stream whose parts are never dropped from memory, counted from its newest. */
export const SEGMENTS_KEPT = 3
/** Largest built page or asset, and all of them together. */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024
export const PAGES_BYTES_MAX = 64 * 1024 * 1024
/** Streams that the list of what is live shows, newest first. */
export const STREAMS_LISTED_MAX = 200
/** How long the list of streams is served from memory, and how long what it shows of recordings is kept for it. */
export const STREAMS_LIST_MS = 200
export const PAST_STREAMS_KEPT_MS = 1_000
/** How long the list waits for the index of recordings; then it shows what the bucket has. */
export const PAST_STREAMS_MS_MAX = 1_000

/** Sequences before a head that cannot be read in which a readable record is looked for, step by step. */
export const HEAD_LOOKBACKS = [64, 4_096]
