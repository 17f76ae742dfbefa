/** Bounds of the pictures of live streams in lists. */

/** A picture in sight is renewed when it is this old. */
export const RENEW_MS = 10_000
/** Longest rest of a stream whose picture could not be had, time after time. */
export const REST_MS_MAX = 80_000
/** Longest time that one picture may take; the others wait meanwhile. */
export const TAKE_MS_MAX = 5_000
/** Biggest answers that are read. */
export const PLAYLIST_BYTES_MAX = 512 * 1024
export const INIT_BYTES_MAX = 64 * 1024
export const MEDIA_BYTES_MAX = 8 * 1024 * 1024
/** Widest picture that is kept, in pixels. */
export const WIDTH_MAX = 640
