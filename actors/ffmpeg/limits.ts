/** Every limit of the FFmpeg child. */

/**
 * Sockets that have given nothing for this long after samples came are quiet: what came together may go out. With 2 the
 * frames of a chunk come together as with 4 (2.1 in a record), and are in an edge 3.6 ms earlier; with 1 they do not (1.6).
 */
export const QUIET_MS = 2

/** Address space of a child. 720p and 360p together want 800 MB; libraries and threads map the rest. */
export const ADDRESS_SPACE_BYTES = 4 * 1024 * 1024 * 1024

/** Threads of each decoder and encoder. */
export const THREADS = 2

/** Bytes of stderr that are kept: the newest. */
export const STDERR_TAIL_BYTES = 16 * 1024

/** Bytes that may wait for stdin. Callers hold far less by credit; past this the child is killed, not the node. */
export const STDIN_QUEUE_BYTES_MAX = 64 * 1024 * 1024

/** Bytes handed to the kernel in one write: the grain of credit. */
export const STDIN_WRITE_BYTES_MAX = 64 * 1024

/** Input has been flowing (or waiting) this long and nothing came out: the child hangs. */
export const STALLED_MS = 10_000

/**
 * So long was a child that had given something seen asleep over its input, and so many frames had begun: it hangs. One
 * frame may take longer than this to come over a slow line; the last one leaves only with the next.
 */
export const ASLEEP_MS = 2_000
export const ASLEEP_FRAMES = 4

/** A source that gives no frame, or no input, for longer than this has paused. */
export const PAUSE_MS = 1_000

/** Nothing at all has come out this long after the first input, whether or not more came: half a header. */
export const FIRST_OUTPUT_MS = 30_000

/** A child that still runs this long after it closed an output, with input to come, is killed. */
export const OUTPUT_ENDED_MS = 500

/** How often the watchdog looks. */
export const WATCHDOG_PERIOD_MS = 250

/** How often a child that the machine has no room for is tried again, and the pause between. */
export const EXHAUSTED_RETRIES_MAX = 30
export const EXHAUSTED_PAUSE_MS = 500
/** Frames in a still, the first of which is a keyframe, and how many pass in a second. */
export const STILL_FRAMES = 10
export const STILLS_PER_SECOND = 5
