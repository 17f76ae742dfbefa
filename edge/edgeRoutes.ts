import { Layer } from 'effect'
import { EventPlaces } from './events/EventPlaces.ts'
import { eventsRoute } from './events/eventsRoute.ts'
import { eventStream } from './events/eventStream.ts'
import { healthRoutes } from './http/healthRoutes.ts'
import { pages } from './http/pages.ts'
import { streamsApi } from './http/streamsApi.ts'
import { LiveMedia } from './playback/LiveMedia.ts'
import { livePlayback } from './playback/livePlayback.ts'
import { MediaCache } from './playback/MediaCache.ts'
import { recordingPlayback } from './playback/recordingPlayback.ts'
import { RecordingPlaces } from './playback/RecordingPlaces.ts'
import { StreamFollower } from './playback/StreamFollower.ts'
import { watchRoute } from './watch/watchRoute.ts'
import { presenceLayer, Viewers } from './viewers/Viewers.ts'

/** Everything that viewers and probes reach; wants the server, the logs, the buckets and the object store. */
export const edgeRoutes = Layer.mergeAll(healthRoutes, pages, streamsApi, livePlayback, recordingPlayback, watchRoute, eventsRoute, eventStream).pipe(
  Layer.provide(LiveMedia.layer),
  Layer.provide(Layer.mergeAll(MediaCache.layer, RecordingPlaces.layer)),
  Layer.provideMerge(presenceLayer),
  Layer.provideMerge(Layer.mergeAll(StreamFollower.layer, Viewers.layer, EventPlaces.layer))
)
