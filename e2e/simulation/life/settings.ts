import type { StreamSettingsShape } from '../../../actors/stream/StreamSettings.ts'
import { MESSAGE_OVERHEAD_BYTES } from '../../../runtime/limits.ts'
import type { RuntimeSettingsShape } from '../../../runtime/RuntimeSettings.ts'
import type { Dice } from '../world/Dice.ts'

/** What a simulated platform is like. */
export interface PlatformSettings {
  readonly runtime: RuntimeSettingsShape
  readonly stream: StreamSettingsShape
  readonly workers: number
  readonly edges: number
  readonly streams: number
  readonly viewers: number
  /** How long publishers and faults go on, ms. */
  readonly busy_ms: number
  /** Share of the faults' usual number. */
  readonly roughness: number
  readonly workerMessageBytesMax: number
  readonly edgeMessageBytesMax: number
  /** Whether the first source of each stream has a picture on which FFmpeg crashes. */
  readonly poison: boolean
}

const RECORD_OVERHEAD_BYTES = 4 * 1024
/** A message limit that no record reaches. */
export const PLENTY_BYTES = 1024 * 1024

/** A platform as a seed chooses it. */
export const chooseSettings = (dice: Dice): PlatformSettings => {
  const lease_ms = dice.pick([1_000, 2_000, 3_000]) ?? 1_000
  return {
    runtime: { natsUrl: '', node: '', roles: [], shards: dice.pick([1, 1, 2]) ?? 1, replicas: 1, logBytes: 256 * 1024 * 1024, lease_ms, capacity: 8, drain_ms: 5_000 },
    stream: {
      part_ms: dice.pick([200, 400]) ?? 200,
      segment_ms: 2_000,
      liveWindow_ms: 8_000,
      ladder: dice.chance(0.15) ? [144] : [],
      reconnectWindow_ms: dice.pick([4_000, 8_000]) ?? 4_000
    },
    workers: 2 + dice.below(2),
    edges: 1 + dice.below(2),
    streams: 1 + (dice.chance(0.25) ? 1 : 0),
    viewers: dice.chance(0.5) ? 1 : 0,
    busy_ms: dice.between(8_000, 25_000),
    roughness: dice.between(0, 2),
    // Now and then so small that records come in pieces, never more of them than a reader takes.
    workerMessageBytesMax: dice.chance(0.15) ? MESSAGE_OVERHEAD_BYTES + 2_000 : PLENTY_BYTES,
    edgeMessageBytesMax: dice.chance(0.15) ? RECORD_OVERHEAD_BYTES + 150 : PLENTY_BYTES,
    poison: dice.chance(0.1)
  }
}
