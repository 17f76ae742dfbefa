import { toBinary } from '@bufbuild/protobuf'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { Platform } from './life/Platform.ts'
import { chooseSettings } from './life/settings.ts'
import { installVirtualGlobals } from './process/virtualGlobals.ts'
import { checkAtRest } from './rules/atRest.ts'
import { type Violation, World } from './world/World.ts'

/** How big things were at one moment of a long stream, bytes. */
export interface Sizes {
  readonly at_ms: number
  readonly ingest: number
  readonly media: number
  readonly segments: number
  /** The checkpoint that each record carries. */
  readonly checkpoint: number
}

/** What a long stream came to. */
export interface LongStream {
  readonly sizes: ReadonlyArray<Sizes>
  readonly frames: number
  readonly violation: Violation | undefined
}

const HOUR_MS = 3_600_000
const SAMPLE_MS = 60_000
const REST_MS = 600_000
const INTERVAL_MS = 2_000
const FRAMES_PER_CHUNK = 5
/** Seldom heartbeats: what is looked at here takes hours. */
const LEASE_MS = 60_000

/** One stream for hours, at a picture every two seconds, its worker killed once an hour; trimmed as it goes. */
export const runLongStream = (hours: number, seed = 1): LongStream => {
  installVirtualGlobals()
  const world = new World(seed)
  const usual = chooseSettings(world.dice)
  const busy_ms = hours * HOUR_MS
  const platform = new Platform(world, {
    ...usual,
    runtime: { ...usual.runtime, lease_ms: LEASE_MS, shards: 1 },
    stream: { ...usual.stream, ladder: [], reconnectWindow_ms: 4 * LEASE_MS },
    workers: 2, edges: 1, streams: 1, viewers: 0, busy_ms, roughness: 0, poison: false
  })
  const chunks = Math.floor(busy_ms / INTERVAL_MS / FRAMES_PER_CHUNK)
  platform.publish({ id: 'long', begin_ms: LEASE_MS * 2, shape: { interval_ms: INTERVAL_MS, framesPerChunk: FRAMES_PER_CHUNK, gopFrames: 2, chunks, sound: false, cutShare: 0, poison: false }, epochs: 1, stops: true })
  for (let at_ms = HOUR_MS / 2; at_ms < busy_ms; at_ms += HOUR_MS) world.after(at_ms, () => world.dice.pick(platform.workers)?.kill(1_000))
  const sizes: Array<Sizes> = []
  for (let at_ms = SAMPLE_MS; at_ms <= busy_ms; at_ms += SAMPLE_MS) {
    world.run(at_ms, () => false)
    if (world.violation !== undefined) break
    sizes.push(sizesNow(platform))
  }
  const rests = world.run(busy_ms + REST_MS, () => platform.atRest())
  if (world.violation === undefined && !rests) world.violate('everything comes to rest', 'the long stream is not archived')
  if (world.violation === undefined) checkAtRest(platform)
  return { sizes, frames: platform.truths.get('long')?.expected.count ?? 0, violation: world.violation }
}

const sizesNow = ({ world, server, truths }: Platform): Sizes => {
  const checkpoint = truths.get('long')?.media.head?.record.checkpoint
  return {
    at_ms: world.now_ms,
    ingest: server.log('INGEST_0').bytes,
    media: server.log('MEDIA_0').bytes,
    segments: server.log('SEGMENTS').bytes,
    checkpoint: checkpoint === undefined ? 0 : toBinary(CheckpointSchema, checkpoint).byteLength
  }
}
