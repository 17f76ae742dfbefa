import type { SimulatedProcess } from '../process/SimulatedProcess.ts'
import type { Backend } from '../server/Backend.ts'
import { fairWeather, type Weather } from '../world/weather.ts'
import type { Machine } from './machines.ts'
import type { Platform } from './Platform.ts'
import { PLENTY_BYTES } from './settings.ts'

/** A kind of fault: begins, and gives back how it ends. */
type Fault = (platform: Platform, lasts_ms: number) => (() => void) | undefined

const someMachine = ({ machines, world }: Platform): Machine | undefined => world.dice.pick(machines)

const someProcess = (platform: Platform): SimulatedProcess | undefined => someMachine(platform)?.process

const freeze = (platform: Platform, process: SimulatedProcess | undefined): (() => void) | undefined => {
  if (process === undefined || process.frozen) return undefined
  platform.world.fault('process frozen', process.name)
  process.freeze()
  return () => process.thaw()
}

const backendDown = (backend: Backend, kind: string, platform: Platform) => (): void => {
  platform.world.fault(kind, backend.name)
  backend.up = false
}

const disturb = (platform: Platform, kind: string, weather: Weather, change: Partial<Weather>): (() => void) => {
  platform.world.fault(kind, '')
  platform.disturb()
  Object.assign(weather, change)
  return () => {
    platform.disturb()
    Object.assign(weather, fairWeather())
  }
}

/** A cut that the process does not notice at first; TCP may carry on where it was, or the client gives the connection up. */
const cutFromNats: Fault = (platform) => {
  const process = someProcess(platform)
  if (process === undefined || !process.nats.open) return undefined
  const { world, server } = platform
  world.fault('cut off from NATS', process.name)
  process.cut.add('nats')
  process.nats.silence()
  const noticed = world.dice.chance(0.6)
  if (noticed) world.after(world.dice.between(100, 3_000), () => process.cut.has('nats') && process.nats.disconnect())
  return () => {
    process.cut.delete('nats')
    if (!server.up) return process.nats.disconnect()
    if (process.nats.connected) process.nats.heal()
    else process.nats.reconnect()
    server.wakeAll()
  }
}

const HOUR_MS = 3_600_000
/** Records are damaged in rough worlds only: in the others nothing at all may be missing. */
const ROUGH = 1

const FAULTS: Readonly<Record<string, Fault>> = {
  killWorker: ({ world, workers }, lasts_ms) => {
    const machine = world.dice.pick(workers)
    world.fault('worker killed', machine?.name ?? '')
    machine?.kill(lasts_ms)
    return undefined
  },
  killEdge: ({ world, edges }, lasts_ms) => {
    const machine = world.dice.pick(edges)
    world.fault('edge killed', machine?.name ?? '')
    machine?.kill(lasts_ms)
    return undefined
  },
  killAllWorkers: ({ world, workers }, lasts_ms) => {
    world.fault('all workers killed', '')
    for (const worker of workers) worker.kill(world.dice.between(0, lasts_ms))
    return undefined
  },
  freezeWorker: (platform) => freeze(platform, platform.world.dice.pick(platform.workers)?.process),
  freezeEdge: (platform) => freeze(platform, platform.world.dice.pick(platform.edges)?.process),
  drain: (platform, lasts_ms) => {
    const machine = someMachine(platform)
    platform.world.fault('process drained', machine?.name ?? '')
    machine?.drain(lasts_ms)
    return undefined
  },
  killNats: (platform) => {
    if (!platform.server.awake) return undefined
    platform.world.fault('NATS killed', '')
    platform.killNats()
    return () => platform.restartNats()
  },
  freezeNats: (platform) => {
    if (!platform.server.awake) return undefined
    platform.world.fault('NATS frozen', '')
    platform.freezeNats()
    return () => platform.thawNats()
  },
  cutFromNats,
  slowNats: (platform) => disturb(platform, 'NATS slow', platform.weather, { slow_ms: platform.world.dice.between(200, 2_500), slowShare: 0.2 }),
  lossyNats: (platform) => disturb(platform, 'NATS loses requests and answers', platform.weather, { lossShare: platform.world.dice.between(0.02, 0.25) }),
  twiceNats: (platform) => disturb(platform, 'NATS messages arrive twice', platform.weather, { twiceShare: platform.world.dice.between(0.05, 0.4) }),
  logFull: ({ world, server }) => {
    const log = world.dice.pick([...server.logs.keys()])
    if (log === undefined || server.full.has(log)) return undefined
    world.fault('log full', log)
    server.full.add(log)
    return () => void server.full.delete(log)
  },
  damage: ({ world, server, settings }) => {
    // A frame in pieces is lost as a whole, of which the rules here know nothing.
    if (settings.edgeMessageBytesMax < PLENTY_BYTES || settings.roughness < ROUGH || settings.poison) return undefined
    world.fault('record damaged', 'INGEST')
    server.damageNext('ingest')
    return undefined
  },
  storeDown: (platform) => {
    backendDown(platform.store, 'object store down', platform)()
    return () => void (platform.store.up = true)
  },
  databaseDown: (platform) => {
    backendDown(platform.database, 'database down', platform)()
    return () => void (platform.database.up = true)
  },
  storeLossy: (platform) => disturb(platform, 'object store slow and loses answers', platform.store.weather, { lossShare: 0.3, slow_ms: 3_000, slowShare: 0.3 }),
  databaseLossy: (platform) => disturb(platform, 'database slow and loses answers', platform.database.weather, { lossShare: 0.3, slow_ms: 3_000, slowShare: 0.3 }),
  wallClock: (platform) => {
    const { world, machines } = platform
    const by_ms = world.dice.chance(0.5) ? HOUR_MS : -HOUR_MS
    const whose = world.dice.chance(0.5) ? machines : [someMachine(platform)]
    for (const machine of whose) {
      world.fault('wall clock jumps', machine?.name ?? '', by_ms)
      machine?.process?.setWallBy(by_ms)
    }
    return undefined
  },
  dropPublisher: ({ world, publishers }) => {
    const publisher = world.dice.pick(publishers)
    world.fault('publisher dropped', publisher?.plan.id ?? '')
    publisher?.drop()
    return undefined
  },
  publisherAway: ({ world, publishers }, lasts_ms) => {
    const publisher = world.dice.pick(publishers)
    world.fault('publisher away', publisher?.plan.id ?? '', Math.round(lasts_ms))
    publisher?.goAway(lasts_ms)
    return undefined
  }
}

const FAULT_LIST = Object.values(FAULTS)
const FAULTS_USUALLY = 6
/** Shortest and longest of most faults; a few last longer. */
const LASTS_MS = [50, 6_000] as const
const LASTS_LONG_MS = 14_000

/** Decides which faults happen, and when; all are over when the busy time ends. */
export const scheduleFaults = (platform: Platform): void => {
  const { world, settings } = platform
  const { dice } = world
  const { busy_ms, roughness } = settings
  platform.childrenDie = dice.chance(0.5) && roughness > 0 && !settings.poison
  const count = Math.round(FAULTS_USUALLY * roughness)
  let under_way = 0
  for (let i = 0; i < count; i++) {
    const at_ms = dice.between(1_500, busy_ms)
    const lasts_ms = dice.chance(0.15) ? dice.between(LASTS_MS[1], LASTS_LONG_MS) : dice.between(...LASTS_MS)
    world.after(at_ms, () => {
      const ends = dice.pick(FAULT_LIST)?.(platform, lasts_ms)
      if (ends === undefined) return
      under_way += 1
      platform.calm = false
      world.after(Math.min(lasts_ms, busy_ms - world.now_ms), () => {
        ends()
        under_way -= 1
        platform.calm = under_way === 0
      })
    })
  }
  world.after(busy_ms, () => {
    platform.childrenDie = false
  })
}
