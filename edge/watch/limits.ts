/** Bounds of the watch path that are not settings, with their unit last. */

/** Biggest text message of a viewer, and messages in a second. */
export const TEXT_BYTES_MAX = 1_024
export const MESSAGES_PER_S_MAX = 20
/** Beyond this a message is not even received: uWebSockets.js cuts the socket without a close frame. */
export const PAYLOAD_BYTES_MAX = 64 * 1024
/** Time without any sign of life, pongs included, after which a connection counts as dead; seconds, as uWebSockets.js takes them. */
export const HEARTBEAT_S = 30

/** Bytes that wait for one viewer, up to one message more; past it what comes is not queued, and the viewer catches up later or skips. */
export const QUEUE_BYTES_MAX = 2 * 1024 * 1024
/** Bytes that wait for all viewers together; past it those with the longest queues are cut. Looked at with each sweep. */
export const QUEUES_BYTES_MAX = 256 * 1024 * 1024
/** Bytes that may wait for a viewer for it to be sent more of what it has missed. */
export const CATCH_UP_BYTES = 256 * 1024
/** Age of the oldest byte in a viewer's queue at which it gets nothing more until it has read on. */
export const QUEUE_MS_MAX = 2_000
/** Age above which a viewer counts as slow, and below which as calm. */
export const SLOW_MS = 700
export const CALM_MS = 100
/** How long a rendition that has just begun is given before the viewer is judged again. */
export const SETTLE_MS = 2_000
/** Calm time before a viewer gets a better rendition: at first, and at most, since it doubles with each failure. */
export const RAISE_AFTER_MS = 10_000
export const RAISE_AFTER_MS_MAX = 320_000
/** A viewer that is slow again so soon after it was raised was raised in vain. */
export const RAISE_TRIAL_MS = 20_000
/** A viewer that is behind and has read nothing for this long is cut. */
export const STALL_MS = 10_000
/** How long the last fragments of a stream that has ended may take on their way. */
export const ENDING_MS_MAX = 20_000
/** How often queues are looked at. */
export const SWEEP_MS = 250

/** Bytes and fragments of one stream that are kept for those who join and those who are behind. */
export const RING_BYTES_MAX = 32 * 1024 * 1024
export const RING_FRAGMENTS_MAX = 8_192
/** What is younger stays, so that whoever has just joined is not overtaken by the next keyframe. */
export const RING_GRACE_MS = 1_000
/** Bytes that are kept of all streams. */
export const RINGS_BYTES_MAX = 256 * 1024 * 1024
/** How long one kind of track is waited for once there is media of the other. */
export const LONE_TRACK_MS = 1_000
/** How long the end of a stream's log is waited for where the bucket says that the stream is over. */
export const OVER_GRACE_MS = 5_000
/** How long no media has come of a stream whose publisher nobody hears before its viewers are told. */
export const PUBLISHER_QUIET_MS = 1_000
/** How much a bandwidth must have changed for viewers to be told. */
export const BANDWIDTH_SHARE_TOLD = 0.1
