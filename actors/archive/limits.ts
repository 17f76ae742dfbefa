/** Failures in a row of one dependency after which it is left alone for a while. */
export const BREAKER_FAILURES_MAX = 5
/** How long it is left alone at first; doubles with each probe that fails, up to the second value. */
export const BREAKER_OPEN_MS = 1_000
export const BREAKER_OPEN_MS_MAX = 30_000
/** Wait of a segment while another one probes a dependency that was away. */
export const PROBE_WAIT_MS = 500

/** Pause before a segment is tried again; doubles with each delivery, up to the second value. */
export const RETRY_MS = 200
export const RETRY_MS_MAX = 15_000

/** Times that a segment is found damaged in the log before it is given up. */
export const DAMAGE_ATTEMPTS_MAX = 4
/** Segments whose damage is remembered; beyond it the oldest starts to count anew. */
export const DAMAGED_REMEMBERED_MAX = 1_024

/** Without a sign of life from its worker for this long, an item goes to another worker. */
export const ACK_WAIT_MS = 30_000
/** A worker that is busy with an item says so this often. */
export const WORKING_MS = 10_000

/** Sequences before a range in which the first pieces of a record that reaches into the range are looked for, step by step. */
export const PIECE_LOOKBACKS = [0, 64, 4_096]

/** Sequences before a head that cannot be read in which a readable record is looked for, step by step. */
export const END_LOOKBACKS = [64, 4_096, Number.MAX_SAFE_INTEGER]

/** Segments of one rendition that a recording may have: 23 days of two seconds each. */
export const SEGMENTS_MAX = 1_000_000

/** Init segments that a process remembers to have stored. */
export const STORED_INITS_MAX = 10_000

/** How often a recording that is not whole yet is looked at again for one hint. */
export const FINALIZE_DELIVERIES_MAX = 20
/** Recordings that one node completes at a time. */
export const FINALIZE_CONCURRENCY = 2
/** How long an entry stays in the bucket of streams after the stream's end, how often it is looked for, and how many go at a time. */
export const ENTRY_KEPT_MS = 3_600_000
export const PRUNE_MS = 60_000
export const PRUNE_CONCURRENCY = 8
/** Attempts to mark a stream as archived while something else writes its state. */
export const STATE_ATTEMPTS_MAX = 5

/** Width of a poster, pixels; a narrower picture keeps its own. */
export const POSTER_WIDTH_MAX = 1_280
/** Bytes of a poster, and of FFmpeg's stderr that are kept. */
export const POSTER_BYTES_MAX = 8 * 1024 * 1024
export const POSTER_STDERR_BYTES_MAX = 4 * 1024

/** Lost segments that a stream's entry lists, and how much it says of each reason: every node reads the entry. */
export const LOST_SEGMENTS_SHOWN = 16
export const REASON_CHARACTERS_MAX = 200
