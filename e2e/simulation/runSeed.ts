import { chooseSettings, type PlatformSettings } from './life/settings.ts'
import { Platform } from './life/Platform.ts'
import { scheduleFaults } from './life/faults.ts'
import { installVirtualGlobals } from './process/virtualGlobals.ts'
import { checkAtRest } from './rules/atRest.ts'
import { type TraceLine, type Violation, World } from './world/World.ts'

/** What one seed came to. */
export interface SeedResult {
  readonly seed: number
  readonly violation: Violation | undefined
  /** The newest steps, where a rule was broken. */
  readonly lines: ReadonlyArray<TraceLine>
  readonly hash: string
  readonly simulated_ms: number
  readonly events: number
  readonly faults: ReadonlyMap<string, number>
}

/** Everything must have come to rest this long after the last fault. */
const REST_MS = 180_000

/** Lives through one world: publishers and faults, then calm, until everything is at rest or a rule is broken. */
export const runSeed = (seed: number, print?: (line: TraceLine) => void, changes: Partial<PlatformSettings> = {}): SeedResult => {
  installVirtualGlobals()
  const world = new World(seed, print)
  const platform = new Platform(world, { ...chooseSettings(world.dice), ...changes })
  makePublishers(platform)
  scheduleFaults(platform)
  const { busy_ms } = platform.settings
  world.run(busy_ms, () => false)
  const rests = world.run(busy_ms + REST_MS, () => platform.atRest())
  if (world.violation === undefined && !rests) world.violate('everything comes to rest', unrest(platform))
  if (world.violation === undefined) checkAtRest(platform)
  const { violation, hash, events, faults } = world
  return { seed, violation, lines: violation === undefined ? [] : world.lines, hash, simulated_ms: world.now_ms, events, faults }
}

const makePublishers = (platform: Platform): void => {
  const { dice } = platform.world
  const { streams, busy_ms, poison } = platform.settings
  for (let index = 0; index < streams; index++) {
    const interval_ms = dice.pick([100, 200, 200]) ?? 100
    const framesPerChunk = 3 + dice.below(4)
    const epochs = dice.chance(0.25) ? 2 : 1
    const length_ms = dice.between(0.4, 0.8) * busy_ms
    platform.publish({
      id: `stream-${index}`,
      begin_ms: dice.between(0, 3_000),
      shape: { interval_ms, framesPerChunk, gopFrames: dice.pick([5, 10, 20]) ?? 10, chunks: Math.max(2, Math.round(length_ms / epochs / interval_ms / framesPerChunk)), sound: dice.chance(0.2), cutShare: dice.pick([0, 0.5]) ?? 0, poison },
      epochs,
      stops: dice.chance(0.7)
    })
  }
}

const unrest = (platform: Platform): string =>
  [...platform.truths.values()].map(({ id, ended, media }) => `${id}: status ${platform.status(id)}, INGEST ${ended ? 'ended' : 'open'}, MEDIA ${media.ended ? 'ended' : 'open'}`).join('; ') +
  platform.publishers.filter(({ over }) => !over).map(({ plan }) => `; publisher of ${plan.id} is not done`).join('')
