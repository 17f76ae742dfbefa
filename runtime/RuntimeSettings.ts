import { Context } from 'effect'

/** What an operator sets of the runtime; `deploy/server/settings.ts` reads it from the environment. */
export interface RuntimeSettingsShape {
  /** Address of NATS, with credentials where it wants them; the servers of a cluster comma-separated. */
  readonly natsUrl: string
  /** Name of this node, unique among the nodes of a cluster. */
  readonly node: string
  /** What this node does: `edge`, `actors`, `archive`. */
  readonly roles: ReadonlyArray<string>
  /** JetStream streams that the INGEST and MEDIA logs are spread over; never changed once data is there. Default 4. */
  readonly shards: number
  /** Copies of each log: 1 or 3. Default 1. */
  readonly replicas: number
  /** Bytes that all logs together may hold. Default 4 GiB. */
  readonly logBytes: number
  /** Silence after which a node's actors may be claimed by another. Default 1000. */
  readonly lease_ms: number
  /** Actors that this node may own at a time. Default 64. */
  readonly capacity: number
  /** Time that a node takes at most to hand over its actors on shutdown. Default 20 000. */
  readonly drain_ms: number
}

/** The settings of the runtime. */
export class RuntimeSettings extends Context.Service<RuntimeSettings, RuntimeSettingsShape>()('millrace/runtime/RuntimeSettings') {}
