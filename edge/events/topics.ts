/** Topics of uWebSockets.js to which events are published, encoded once for all who subscribe. */

/** What happens to any stream. */
export const ALL_TOPIC = 'events'

/** What happens to one stream, with the events of its log. */
export const streamTopic = (id: string): string => `events/${id}`

/** Viewers of one stream who come and go, for its publisher. */
export const viewersTopic = (id: string): string => `viewers/${id}`
