/** Limits of the packager; times in ms, sizes in bytes. */

/** EXT-X-TARGETDURATION: no segment is longer. Fixed, since sources with 5 s between keyframes exist. */
export const SEGMENT_MS_MAX = 6_000
/** Where audio, alone for lack of video, ends a segment: below the maximum by more than one packet. */
export const SEGMENT_ALONE_MS_MAX = 5_900
/** How far audio may be ahead of video before it goes on without it. */
export const AUDIO_LEAD_MS_MAX = 1_000
/** How much of a stream is looked at before its part target is fixed. */
export const PART_TARGET_AFTER_MS = 600
export const PART_TARGET_AFTER_FRAMES = 9
/** Frames without which nothing is known of how far apart they are. */
export const PART_TARGET_FRAMES_MIN = 4
/** Newest frames of the source whose times are kept. */
export const FRAMES_REMEMBERED = 64
/** A record closes at this size, so that a backlog is written in pieces that a server takes. */
export const RECORD_BYTES = 1024 * 1024
/** RFC 8216bis 4.4.3.7: a part that does not end a segment should have this share of the part target. */
export const PART_FLOOR = 0.85
/** Times within this are equal: half a millisecond, in 90 kHz ticks. */
export const TICKS_EQUAL = 45
/** Segments that the live window keeps, however short it is set. */
export const WINDOW_SEGMENTS_MIN = 4
/** A rendition further behind than this, whose track has ended perhaps, holds the window back no longer. */
export const WINDOW_LAG_SEGMENTS_MAX = 30
/** A hole in the sound at a discontinuity is filled with silence up to this length. */
export const SILENCE_MS_MAX = 1_000
/** A rendition that gives nothing for so long, while others go on, ends its segment. */
export const STOPPED_MS = 12_000
/** A rendition that is filled joins on to what it published last, up to this long before. */
export const FILL_JOINS_MS_MAX = 10_000
/** Longest frame of a still. */
export const STILL_MS_MAX = 500
/** Frames of a still that are kept. */
export const STILL_FRAMES_MAX = 10
/** How far a still stays behind the sound, by which pictures that come back may be behind it. */
export const STILL_LAG_MS = 100
