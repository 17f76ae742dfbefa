/** A fault as data: what it needs, how it strikes, and what a viewer may see of it. */
import type { Arrangement, Moment, PlatformNeeds } from './arrangement.ts'
import type { ChaosWorld } from './ChaosWorld.ts'
import type { WorldServices } from './worldServices.ts'

/** What may be different after this fault; default: nothing. */
export interface Expectations {
  /** Discontinuities that every rendition shows. */
  readonly discontinuities?: number
  /** Names of nodes that were killed, so end otherwise than with 0 and may leave what ends by itself. */
  readonly killed?: ReadonlyArray<string>
  /** Requests to NATS get lost, also those to remove a consumer: the server removes it when it is idle. */
  readonly requestsLost?: boolean
  /** How long the archive may need after the streams' end; default 60,000. */
  readonly archiveWithin_ms?: number
}

/** A fault that is arranged and may strike once. */
export interface ArrangedFault {
  readonly arrangement: Arrangement
  /** Strikes; resolves once whatever was to be healed is healed. Meanwhile the streams go on. */
  readonly strike: (world: ChaosWorld) => Promise<void>
}

/** A fault in the table. */
export interface Fault {
  readonly name: string
  readonly group: string
  /** Default: all. */
  readonly moments?: ReadonlyArray<Moment>
  readonly platform?: PlatformNeeds
  readonly expects?: Expectations
  /** It says within which time something has to happen: `npm run chaos` runs it alone, and holds it to that. */
  readonly timed?: boolean
  /** Part of `npm test`. */
  readonly inTests?: boolean
  /** Looks at the recordings once they are complete; what is wrong with them, in sentences. */
  readonly afterwards?: (world: ChaosWorld) => Promise<ReadonlyArray<string>>
  readonly arrange: (services: WorldServices) => Promise<ArrangedFault>
}

/** A fault without how it strikes. */
export type FaultData = Omit<Fault, 'arrange'>

/** A fault that needs nothing arranged. */
export const fault = (data: FaultData & { readonly strike: (world: ChaosWorld) => Promise<void> }): Fault => {
  const { strike, ...rest } = data
  return { ...rest, arrange: async () => ({ arrangement: {}, strike }) }
}

/** A fault that strikes through what it has arranged, for instance a proxy. */
export const arrangedFault = <A extends Arrangement>(
  data: FaultData & { readonly arrange: (services: WorldServices) => Promise<A>; readonly strike: (world: ChaosWorld, arranged: A) => Promise<void> },
): Fault => ({
  ...data,
  arrange: async (services) => {
    const arrangement = await data.arrange(services)
    return { arrangement, strike: (world) => data.strike(world, arrangement) }
  },
})
