import { homeScenes, recordedHomeScenes } from './homeScenes.ts'
import { liveScenes } from './liveScenes.ts'
import { type Scene, seen } from './Scene.ts'
import { recordedWatchScenes, watchScenes } from './watchScenes.ts'

/** Every page in every state, in the order in which a platform goes through them. */
export const scenes: ReadonlyArray<Scene> = [
  ...homeScenes,
  ...watchScenes,
  ...liveScenes,
  ...recordedHomeScenes,
  ...recordedWatchScenes,
  { name: 'not-found', arrange: () => '/no/such/page', settled: (page) => seen(page, '.plain') },
]
