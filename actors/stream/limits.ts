/** Limits of a stream actor; times in ms, sizes in bytes. */

/** Bytes given to FFmpeg that its pipe has not taken yet, above which no more are read from the inbox. */
export const FEED_BYTES_MAX = 1024 * 1024
/** Bytes of finished frames that wait for the log, above which FFmpeg gets no more. */
export const PENDING_BYTES_MAX = 8 * 1024 * 1024
/** Waiting frames are written without waiting for a pause in FFmpeg's output from this size on. */
export const FLUSH_BYTES = 256 * 1024
/** Fragments of a backlog are written at least so many bytes at a time, however little room the log has. */
export const RECORD_BYTES_MIN = 64 * 1024
/** Bytes delivered and not read yet, below which the mailbox is asked for more. */
export const BACKLOG_BYTES_LOW = 2 * 1024 * 1024
/** How long the first record waits for renditions that have given nothing yet. */
export const START_WAIT_MS = 1_000
/** Audio after which a source that promised video, and gave none, is taken as audio only. */
export const VIDEO_WAIT_MS = 1_000
/**
 * Sound without a picture after which the pictures have gone: longer than the source leaves between keyframes, so that what
 * comes back begins with one. In a source that has given only one, the second.
 */
export const PICTURES_GONE_MS = 2_000
export const PICTURES_GONE_MS_MAX = 6_500
/** By how much pictures that come back may overlap the still before them. */
export const LATE_MS_MAX = 50
/** Bytes since the newest keyframe that are kept, from which the last picture can be made again. */
export const GOP_BYTES_MAX = 8 * 1024 * 1024
/** Random-access points kept as candidates for the checkpoint, and how far apart audio-only ones are. */
export const POINTS_MAX = 256
export const AUDIO_POINTS_APART_MS = 500
/** Timeline position of source time 0 in a stream's first epoch: room for timestamps before 0. */
export const TIMELINE_OFFSET_MS = 10_000
/** Distance between the end of one run's timeline and the first frame of the next: room for the encoder's priming. */
export const RUN_GAP_MS = 25
/** How far program date-time may be behind the arrival of chunks before it is anchored again. */
export const WALL_CLOCK_DRIFT_MS_MAX = 1_000
/** How long frames must have come equally late, by a leap, before that is taken as a pause of the recorder. */
export const PAUSE_SETTLES_MS = 2_000
/** How far such frames may be apart: a backlog that is sent at 1.25 times the recorder's pace is not taken for a pause. */
export const PAUSE_LAG_MS_MAX = 500
/** No connected publisher is silent for longer: edges close it after ten minutes. */
export const SILENCE_MS_MAX = 660_000
/** How far before the end of published audio FFmpeg is fed again, so that no click is heard at the seam. */
export const AUDIO_WARMUP_WEBM_MS = 205
export const AUDIO_WARMUP_MP4_MS = 285
/** AAC frames that a resumed encoder makes before the first new one; they are dropped. */
export const AUDIO_WARMUP_FRAMES = 4
/**
 * Newest frames that FFmpeg may keep until more comes: of a picture the length is known when the next one is whole; an
 * audio encoder keeps a frame and more. Nobody counts as waiting for these.
 */
export const VIDEO_FRAMES_HELD = 2
export const AUDIO_FRAMES_HELD = 6
/** Chunks of which it is known how long each waits for its media. */
export const WAITING_CHUNKS_MAX = 512
/** Share of the newest record in the latency that everyone is told. */
export const LATENCY_WEIGHT = 0.2
/** Chunks since the point to resume at of which it is known where they stand in the inbox. */
export const SPOTS_MAX = 4_096
/** Activations that broke by themselves on the same checkpoint, after which what follows it is passed over as poison. */
export const POISON_ATTEMPTS = 2
/** Bytes of poison that one activation parks as dead letters; what comes beyond is counted, and not kept. */
export const POISON_BYTES_MAX = 64 * 1024 * 1024
/** Attempts to park one record, half a second apart; what a dead letter's own fields take. */
export const PARK_ATTEMPTS_MAX = 240
export const LETTER_BYTES = 4_096
/** How much of a source without pictures is passed over as poison. */
export const SOUND_PASSED_OVER_MS = 1_000
/** Losses that a checkpoint carries, the newest, and how much of their reasons: it rides on every record. */
export const LOSSES_KEPT = 16
export const LOSS_REASON_CHARS_MAX = 160
/** A source that goes on further ahead than this behind a loss has leapt meanwhile. */
export const LOSS_AHEAD_MS_MAX = 3_600_000
/** How much of a reason reaches people. */
export const REASON_CHARS_MAX = 300
/** How long the live window outlives its stream: viewers behind the end, also at an edge that had none so far, still come to it. */
export const ENDED_WINDOW_KEPT_MS = 60_000
/** How long what is archived counts as unknown after the database has failed to tell. */
export const UNKNOWN_KEPT_MS = 5_000
/**
 * What gives way when MEDIA becomes full, by its share; streams hear of it from a little less on. The live window shrinks
 * from the first share to the second, to the length below which no playlist should be cut (RFC 8216bis 6.2.2: three
 * target durations), and at the third to its newest segments. From the second on the windows go of streams whose owners
 * give none up: those that have ended, and those that have stored nothing for a while, maybe since what they would store
 * is more than there is room for.
 */
export const SPACE_TOLD_SHARE = 0.5
export const WINDOW_SHRINKS_SHARE = 0.55
export const WINDOW_SHORT_SHARE = 0.75
export const WINDOW_SHORT_MS = 18_000
export const WINDOW_GIVEN_UP_SHARE = 0.9
export const WINDOW_TAKEN_SHARE = WINDOW_SHORT_SHARE
export const WINDOW_TAKEN_AFTER_MS = 5_000
/** For how long a segment is in the live window at least, however fast others follow; the second where it shrinks to the newest. */
export const SHOWN_MS_MIN = WINDOW_SHORT_MS
export const SHOWN_SHORT_MS_MIN = 8_000
/** Streams of which the janitor remembers for how long they have stored nothing. */
export const HEADS_WATCHED_MAX = 20_000
