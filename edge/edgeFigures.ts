import { Effect, Layer } from 'effect'
import { EventPlaces } from './events/EventPlaces.ts'
import { Counters, type CountersShape } from './http/Counters.ts'
import { ActorRoom, type ActorRoomShape } from './ingest/ActorRoom.ts'
import { IngestSessions } from './ingest/IngestSessions.ts'
import { StreamChanges } from './ingest/StreamChanges.ts'
import { lossFigures } from './lossFigures.ts'
import { type Metric, Metrics } from './Metrics.ts'
import { StreamFollower } from './playback/StreamFollower.ts'
import { Viewers } from './viewers/Viewers.ts'
import type { WatchFigures } from './watch/Audience.ts'
import { Watching } from './watch/Watching.ts'

/** What this edge holds, what it has refused, dropped or found damaged, and what it knows of the losses of all streams. */
export const edgeFigures = Layer.effectDiscard(
  Effect.gen(function* () {
    const counters = yield* Counters
    const sessions = yield* IngestSessions
    const follower = yield* StreamFollower
    const watching = yield* Watching
    const actors = yield* ActorRoom
    const changes = yield* StreamChanges
    const viewers = yield* Viewers
    const places = yield* EventPlaces
    const metrics = yield* Metrics
    yield* metrics.register(Effect.sync(() => watchFigures(watching.figures())))
    yield* metrics.register(Effect.sync(() => [...figures(counters, sessions, follower, actors), ...audience(viewers, places)]))
    // Not read yet: a zero would say that nothing was lost.
    yield* metrics.register(Effect.match(changes.all, { onSuccess: (streams) => lossFigures(streams.values()), onFailure: () => [] }))
  })
).pipe(Layer.provide(StreamChanges.layer))

const figures = (counters: CountersShape, sessions: IngestSessions['Service'], follower: StreamFollower['Service'], actors: ActorRoomShape): ReadonlyArray<Metric> => {
  const ingest = sessions.figures()
  const playback = follower.figures()
  const room = actors.figures()
  return [
    { name: 'millrace_edge_refusals_total', type: 'counter', help: 'Refused, dropped or damaged, by kind.', label: 'kind', samples: Object.entries(counters.values()) },
    { name: 'millrace_ingest_closed_total', type: 'counter', help: 'Publisher sockets closed by the edge, by close code.', label: 'code', samples: Object.entries(ingest.closed) },
    { name: 'millrace_ingest_frames_total', type: 'counter', help: 'Frames acknowledged.', samples: [['', ingest.framesAcked]] },
    { name: 'millrace_ingest_connections', type: 'gauge', help: 'Publisher sockets.', samples: [['', ingest.connections]] },
    { name: 'millrace_ingest_connections_waiting', type: 'gauge', help: 'Of them, sockets that have asked for no stream yet.', samples: [['', ingest.waiting]] },
    { name: 'millrace_streams_live', type: 'gauge', help: 'Live streams of the platform, as this edge sees them.', samples: [['', room.live]] },
    { name: 'millrace_streams_capacity', type: 'gauge', help: 'Streams that the living actor nodes may own.', samples: [['', room.capacity]] },
    { name: 'millrace_ingest_waiting_bytes', type: 'gauge', help: 'Bytes received and not durable yet.', samples: [['', ingest.unackedBytes]] },
    { name: 'millrace_playback_streams', type: 'gauge', help: 'Streams followed.', samples: [['', playback.streams]] },
    { name: 'millrace_playback_bytes', type: 'gauge', help: 'Bytes of parts held.', samples: [['', playback.bytes]] },
    { name: 'millrace_playback_waiting', type: 'gauge', help: 'Requests that wait for a part or playlist.', samples: [['', playback.waiting]] }
  ]
}

const watchFigures = ({ sockets, behind, streams, kept_bytes, queued_bytes, skipped, lowered, raised, stalled }: WatchFigures): ReadonlyArray<Metric> => [
  { name: 'millrace_watch_sockets', type: 'gauge', help: 'Viewers that get fragments pushed.', samples: [['', sockets]] },
  { name: 'millrace_watch_sockets_behind', type: 'gauge', help: 'Of them, those that join or have fallen behind.', samples: [['', behind]] },
  { name: 'millrace_watch_streams', type: 'gauge', help: 'Streams that they watch.', samples: [['', streams]] },
  { name: 'millrace_watch_kept_bytes', type: 'gauge', help: 'Bytes of fragments kept for those who join or are behind.', samples: [['', kept_bytes]] },
  { name: 'millrace_watch_queued_bytes', type: 'gauge', help: 'Bytes that wait in their queues.', samples: [['', queued_bytes]] },
  {
    name: 'millrace_watch_slow_total', type: 'counter', help: 'What became of slow viewers: lowered to another rendition, raised again, skipped, cut as stalled.', label: 'outcome',
    samples: [['lowered', lowered], ['raised', raised], ['skipped', skipped], ['stalled', stalled]]
  }
]

const audience = (viewers: Viewers['Service'], places: EventPlaces['Service']): ReadonlyArray<Metric> => [
  { name: 'millrace_viewers', type: 'gauge', help: 'Viewers of live streams at this edge; its streams are added up.', samples: [['', viewers.size()]] },
  { name: 'millrace_event_sockets', type: 'gauge', help: 'Sockets that follow events.', samples: [['', places.sockets.taken]] },
  { name: 'millrace_event_streams', type: 'gauge', help: 'Answers that go on with events.', samples: [['', places.streams.taken]] }
]
