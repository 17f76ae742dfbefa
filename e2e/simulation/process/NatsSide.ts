import type { NatsServer } from '../server/NatsServer.ts'
import type { Weather } from '../world/weather.ts'
import type { SimulatedProcess } from './SimulatedProcess.ts'

/** What a simulated process reaches of NATS. */
export interface NatsSide {
  readonly process: SimulatedProcess
  readonly server: NatsServer
  readonly weather: Weather
  readonly shards: number
  readonly messageBytesMax: number
}
