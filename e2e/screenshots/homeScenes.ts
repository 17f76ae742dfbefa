import { pretendAway, pretendMedia, pretendStreams } from '../kit/pretend.ts'
import { type Scene, seen, seenAll } from './Scene.ts'
import type { World } from './World.ts'

const home = '/'

const cameras = async (world: World): Promise<string> => {
  await Promise.all([world.live('harbour', 'Harbour camera, looking north'), world.live('workshop', 'Building a cello, day 12', 95), world.live('match', 'Quarter-final: the second half', 200)])
  return home
}

const titles = [
  'Morning run through the hills',
  'بث مباشر من السوق القديم',
  'Coding a chess engine 🦀 from nothing',
  'A title that goes on and on, because whoever wrote it had a great deal to say about what can be seen here today',
  '<b>Bold</b> plans for the garden',
  'Studio B',
]

const many = Array.from({ length: 60 }, (_, index) => ({ id: `many-${index}`, title: titles[index % titles.length] ?? '', viewers: Math.round(4_200 / (index + 1)), state: index === 3 ? 'reconnecting' : 'live' }))

/** States of Home, in the order of a platform that fills. */
export const homeScenes: ReadonlyArray<Scene> = [
  { name: 'home-empty', arrange: () => home, settled: (page) => seen(page, '.quiet') },
  { name: 'home-loading', arrange: () => home, before: (page) => page.route(/\/api\//, () => new Promise(() => undefined)).then(() => page.routeWebSocket(/\/ws\//, () => undefined)), settled: (page) => seen(page, '.cardBlank') },
  { name: 'home-unreachable', arrange: () => home, before: pretendAway, settled: (page) => seen(page, '.quiet') },
  { name: 'home-live', arrange: cameras, settled: (page) => seenAll(page, [1, 2, 3].map((place) => `.cards li:nth-child(${place}) .painted`)) },
  {
    name: 'home-many',
    arrange: cameras,
    before: async (page) => {
      await pretendStreams(page, many)
      await pretendMedia(page, 'many-', 'workshop')
    },
    settled: (page) => seenAll(page, [1, 2, 3].map((place) => `.cards li:nth-child(${place}) .painted`)),
  },
]

/** States of Home that come last, for they end what was live. */
export const recordedHomeScenes: ReadonlyArray<Scene> = [
  {
    name: 'home-recordings',
    arrange: async (world) => {
      await cameras(world)
      await Promise.all([world.end('harbour'), world.end('match')])
      await world.onlyLive('workshop')
      return home
    },
    settled: (page) => seenAll(page, ['[aria-label="Recordings"] li:nth-child(2) img', '[aria-label="Live streams"] .painted']),
  },
]
