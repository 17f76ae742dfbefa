/**
 * Every limit of what the actors read, hold or produce, named in one place.
 * Units stand last in the names.
 */

// Source index: what a publisher's byte stream may demand of it.

/** The longest header of a source (WebM: all before the first Cluster; MP4: `ftyp` … `moov`); it rides in every checkpoint. */
export const SOURCE_HEADER_BYTES_MAX = 64 * 1024
/** The longest frame: one WebM block, or one MP4 sample. */
export const SOURCE_FRAME_BYTES_MAX = 16 * 1024 * 1024
/** The longest audio block; a laced one is held back until it is whole. */
export const SOURCE_AUDIO_BLOCK_BYTES_MAX = 256 * 1024
/** The longest element or box that holds no frames (Tags, Cues, Void, `free`, `sidx` …). */
export const SOURCE_SKIPPED_BYTES_MAX = 16 * 1024 * 1024
/** The longest `moof`, which is held back until it is whole. */
export const SOURCE_MOOF_BYTES_MAX = 1024 * 1024
/** The longest `mdat`. */
export const SOURCE_MDAT_BYTES_MAX = 64 * 1024 * 1024
/** The most samples in one `moof`. */
export const SOURCE_MOOF_SAMPLES_MAX = 20_000
/** How far into a keyframe its codec parameters are looked for, and how much may stand before the Block of a BlockGroup. */
export const SOURCE_KEYFRAME_HEAD_BYTES_MAX = 16 * 1024
/** How far a fragment's leading keyframe may lie behind its `moof` to be a random-access point. */
export const SOURCE_MOOF_LEAD_BYTES_MAX = 1024 * 1024
/** The greatest source time; above seconds since 1970, far below what a double counts exactly in 90 kHz ticks. */
export const SOURCE_TIME_SECONDS_MAX = 10_000_000_000
/** How far an audio stamp may be off the running sample count before the count begins anew. */
export const SOURCE_AUDIO_DRIFT_MS_MAX = 100
/** A step forward by more than this from one frame of a track to its next is a jump, no longer a stalled camera. */
export const SOURCE_STALL_SECONDS_MAX = 10
/** H.264 frames may be stored out of their presentation order by up to this; further back is a jump. */
export const SOURCE_REORDER_MS_MAX = 1_000
/** Audio may go back by up to this (its clock resynchronising); further back is a jump. */
export const SOURCE_AUDIO_BACK_MS_MAX = 1_000
/** Sound without any picture for this long is gone on with, where a place to go on is looked for. */
export const SOURCE_ALONE_MS = 1_000
/** After a leap of the source's time sound is in line with the picture when it is no further from it than this. */
export const SOURCE_APART_MS_MAX = 1_000
/** A track that was silent for long and comes back no further than this from the other has stalled, not leapt. */
export const SOURCE_IN_LINE_MS_MAX = 3_000
/** Blocks of sound out of line with the picture that are passed over before the source's time counts as having leapt. */
export const SOURCE_STRAYS_MAX = 50
