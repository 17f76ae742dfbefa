import type { ArchiveWitness } from '../process/backendServices.ts'
import type { Fate } from '../process/ffmpegService.ts'
import type { DatabaseServer, StoreServer } from '../server/Backend.ts'
import type { NatsServer } from '../server/NatsServer.ts'
import type { Weather } from '../world/weather.ts'
import type { World } from '../world/World.ts'
import type { PlatformSettings } from './settings.ts'

/** What is around every machine. */
export interface Premises {
  readonly world: World
  readonly settings: PlatformSettings
  readonly server: NatsServer
  readonly weather: Weather
  readonly store: StoreServer
  readonly database: DatabaseServer
  readonly watch: ArchiveWitness
  /** No fault is going on. */
  readonly calm: boolean
  readonly fateOfChild: () => Fate
  /** Whether a child may break now, or be `killed` from outside; it does then. */
  readonly mayBreak: (killed: boolean) => boolean
  /** Times of pictures on which FFmpeg crashes. */
  readonly poison: ReadonlySet<number>
}
