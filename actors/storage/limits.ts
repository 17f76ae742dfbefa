/** Largest object that is read or written whole. A segment of the longest allowed GOP at 40 Mb/s stays well below. */
export const OBJECT_BYTES_MAX = 256 * 1024 * 1024

/** Longest key, as in S3, and longest name between two slashes, as on file systems. */
export const KEY_BYTES_MAX = 1024
export const KEY_SEGMENT_BYTES_MAX = 255

/** Objects that one listing returns at most. */
export const LIST_OBJECTS_MAX = 1_000_000

/** Age past which a temporary file of the directory store belongs to a writer that died. */
export const ABANDONED_FILE_AGE_MS = 3_600_000

/** Connections that one process keeps to an S3 server. */
export const STORE_SOCKETS_MAX = 32

/** Characters of a foreign error message that are passed on. */
export const REASON_CHARACTERS_MAX = 200
