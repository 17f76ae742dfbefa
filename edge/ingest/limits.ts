/** Limits of ingest that no operator sets. Those that one may set stand in `IngestSettings.ts`. */

/** Biggest text frame, bytes. */
export const TEXT_BYTES_MAX = 8 * 1024
/** Longest title, UTF-16 code units. */
export const TITLE_LENGTH_MAX = 200
/** Biggest binary frame; a MediaRecorder chunk reaches 2 MB. Bigger ones close the socket with 1009. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024
/** Beyond this the socket is cut without a close frame, since the server will not even buffer it. */
export const PAYLOAD_BYTES_MAX = 2 * FRAME_BYTES_MAX
/** Biggest piece of a frame in one record, where the NATS server takes it. */
export const PIECE_BYTES_MAX = 4 * 1024 * 1024
/**
 * Most of what the frames that came while another record was on its way may have together in the next one: less than
 * readers ask for at a time. A bigger frame is a record by itself, or several.
 */
export const JOINED_BYTES_MAX = 448 * 1024
export const JOINED_FRAMES_MAX = 256
/** Room in front of a pooled frame for what its record says beside the media. */
export const FRAME_HEADROOM_BYTES = 512
/** Smallest and biggest buffer of the frame pool. Frames that need bigger ones are rare and allocated as they come. */
export const POOLED_FRAME_BYTES_MIN = 4 * 1024
export const POOLED_FRAME_BYTES_MAX = 4 * 1024 * 1024
/** Bytes of free buffers that the frame pool keeps. */
export const FREE_FRAME_BYTES_MAX = 64 * 1024 * 1024
/** What a record may need beside its bytes of media: ids, MIME type, headers of the message. */
export const RECORD_OVERHEAD_BYTES = 4 * 1024
/** Bytes of answers that wait for a publisher who does not read; past it the socket is cut. */
export const BACKPRESSURE_BYTES_MAX = 64 * 1024
/** Bytes waiting in the socket above which acks are held back: only the newest is sent then. */
export const ACK_BACKPRESSURE_BYTES = 1024
/** Longest reason in a close frame, bytes (RFC 6455 §5.5: 125 with the code). */
export const CLOSE_REASON_BYTES_MAX = 123
/** Share of the places for sockets that have not asked for anything yet that one address may have. */
export const WAITING_SHARE_OF_ADDRESS = 0.1
/**
 * A publisher of whom nothing has come for so long counts as away, although its connection stands: recorders give something
 * every few seconds, and one that pauses may say `ping`.
 */
export const SILENT_PUBLISHER_MS = 8_000
/** How often deadlines are looked at. */
export const TICK_MS = 250
/** Frames that may come behind `start` before it is answered. */
export const EARLY_FRAMES_MAX = 1_024
/** Frames of one publisher that may wait to become durable, whatever their size. */
export const UNACKED_FRAMES_MAX = 4_096
/** Highest number of a frame in its epoch: the one that follows it must be an uint32 too. */
export const FRAME_SEQ_MAX = 0xffff_fffe
/**
 * Acknowledged frames that a log may have lost for their publisher to go on behind them: what a server that writes to its
 * disk every two minutes loses with its power, at 500 frames a second. Whose log lost more begins a new epoch.
 */
export const LOST_FRAMES_MAX = 65_536
/** Share of a log's bytes above which no new stream may start on it. */
export const LOG_USED_MAX = 0.8
/** Pause before a read that NATS did not answer is made again. */
export const READ_RETRY_MS = 200
/** How often a hint or an event, which nothing durable hangs on, is sent at most. */
export const NOTICE_ATTEMPTS_MAX = 3
/** How long a stream that begins here counts as live before the bucket shows it. */
export const PROMISE_KEPT_MS = 3_000
/** How often the room on the actor nodes is looked at for the log. */
export const ROOM_CHECK_MS = 500
