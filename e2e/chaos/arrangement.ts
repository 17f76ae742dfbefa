/** What a fault asks of the world that it strikes. */
import type { ServiceUrls } from '../../deploy/local/services/localServices.ts'

/** Where a stream stands in a segment when the fault strikes. One stream runs for each moment, so that one strike meets them all. */
export type Moment = 'begin' | 'middle' | 'beforeEnd' | 'between'

/** All of them. */
export const moments: ReadonlyArray<Moment> = ['begin', 'middle', 'beforeEnd', 'between']

/** The platform under a fault. */
export interface PlatformNeeds {
  /** Nodes with the role `edge`; the last is the archive too. Default 2; publishers and viewers begin at the first. */
  readonly edges?: number
  /** Nodes with the role `actors`; default 2. */
  readonly actors?: number
  /** More of them, started once all streams run: they own nothing when the fault strikes. Default none. */
  readonly standby?: number
  /** Three NATS servers that hold each log thrice, instead of one. */
  readonly cluster?: boolean
  /** Own PostgreSQL and MinIO instead of the run's. NATS is the world's own always. */
  readonly privateStores?: boolean
  /** Logs that INGEST and MEDIA are spread over; default 2. */
  readonly shards?: number
  /** Settings of every node, over those of chaos. */
  readonly environment?: Readonly<Record<string, string>>
  /** A rung below the source's own picture, so that another rendition is encoded, followed and judged too. */
  readonly ladder?: boolean
  /** A browser's VP8 recording as one more stream, so that the encoding path is met too. */
  readonly browser?: boolean
  /** Publishers leave an edge that is silent for so long while chunks wait; default: they wait for ever. */
  readonly publisherSilence_ms?: number
  /** How long publishers try to come back; default 30,000. */
  readonly publisherPatience_ms?: number
  /** How long viewers go on asking while no edge answers; default 20,000. */
  readonly viewerPatience_ms?: number
}

/** What a fault puts between nodes and services before the nodes start: proxies, a cluster, a wrapper around FFmpeg. */
export interface Arrangement {
  /** Addresses for the node of that name, where they differ from the world's. */
  readonly urls?: (node: string) => Partial<ServiceUrls>
  readonly environment?: (node: string) => Readonly<Record<string, string>>
  /** Node's own options of the node of that name, for instance `--import`. */
  readonly nodeOptions?: (node: string) => ReadonlyArray<string>
  readonly close?: () => Promise<void>
}
