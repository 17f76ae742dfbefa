/** Bounds of counting viewers that are not settings, with their unit last. */

/** How long a viewer is there after a playlist: who begins, or waits for what comes, asks again as soon as it has its answer. */
export const LINGER_MS = 1_100
/** Requests that follow sooner belong to the same beginning: of a player's playlists of picture and sound. */
export const BEGINNING_MS = 1_000
/** How long a viewer who comes back without blocking reload is: one and a half target durations. */
export const PLAIN_LINGER_MS = 9_000
/** How long after a request was broken off: a player that changes its rendition asks again at once, a closed page never. */
export const BROKEN_OFF_LINGER_MS = 800
/** How often those who have gone are looked for. */
export const EXPIRE_MS = 100
/** Streams of which a heartbeat tells the viewers, those with most of them: some 30 bytes each, several times a second to every node. */
export const VIEWED_TOLD_MAX = 1_000
/** Bytes of the hash that stands for a viewer. */
export const VIEWER_HASH_BYTES = 12
/** How old what the heartbeats say may be when it is asked for. */
export const FIGURES_KEPT_MS = 100
