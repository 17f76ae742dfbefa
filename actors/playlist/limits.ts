/** Bounds and fixed figures of playlists, with their unit last. */

/** EXT-X-TARGETDURATION, for every stream and for ever: sources with keyframes 5 s apart exist. */
export const TARGET_DURATION_S = 6
/** PART-HOLD-BACK in part targets (RFC 8216bis 4.4.3.8: at least 2, 3 recommended). */
export const PART_HOLD_BACK_PARTS = 3
/** Age, in seconds from the playlist's end, past which a delta update leaves segments out (RFC 8216bis 4.4.3.8: at least 6 target durations). */
export const CAN_SKIP_UNTIL_S = 6 * TARGET_DURATION_S
/** Age, in seconds from the playlist's end, up to which parts are listed (RFC 8216bis 4.4.4.9: 3 target durations). */
export const PARTS_LISTED_S = 3 * TARGET_DURATION_S
/** How far beyond the newest segment a blocking request may ask (RFC 8216bis 6.2.5.2). */
export const ADVANCE_SEGMENTS_MAX = 2
/** Segments remembered (without their bytes) behind the window, so that a prefix rendered a moment ago can be rendered again. */
export const SEGMENTS_BEHIND_WINDOW = 16
/** Pieces of one record, and bytes of them, that wait for the last one. */
export const PIECES_MAX = 64
export const PIECES_BYTES_MAX = 64 * 1024 * 1024
/** Segments that a live window may have, and by how many segments or discontinuities a stream may leap from one record to the next, before that is taken for damage. */
export const WINDOW_SEGMENTS_MAX = 50_000
export const LEAP_SEGMENTS_MAX = 10_000
