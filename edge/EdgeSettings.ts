import { Context } from 'effect'

/** What an operator sets of an edge's HTTP and playback; ingest has settings of its own. */
export interface EdgeSettingsShape {
  /** Address to listen on. Default 127.0.0.1: there are no accounts yet. */
  readonly host: string
  /** Port to listen on; 0 chooses a free one. Default 8080. */
  readonly port: number
  /** Origins whose pages may read what this edge serves; `*` for any. Default any: what is served is public and needs no cookie. */
  readonly corsOrigins: ReadonlyArray<string>
  /** Folder of the built pages; undefined: no pages. Default undefined. */
  readonly pages: string | undefined
  /** How long a stream is followed after its last viewer's last request. Default 15 000. */
  readonly followLinger_ms: number
  /** Streams that this edge follows at once. Default 500. */
  readonly followedMax: number
  /** Bytes of parts held of one stream, at least a few segments. Default 64 MiB. */
  readonly streamBytesMax: number
  /** Bytes of parts held of all streams. Default 512 MiB. */
  readonly partBytesMax: number
  /** Bytes of older segments and of recordings held, as they were read from the object store. Default 128 MiB. */
  readonly cacheBytesMax: number
  /** Requests that wait for a part or playlist at once. Default 20 000. */
  readonly waitersMax: number
  /** Of them, those of one address; a viewer has one for the picture and one for the sound. Default 2 000. */
  readonly waitersPerAddressMax: number
  /** Viewers' sockets at once. Default 20 000. */
  readonly watchSocketsMax: number
  /** Of them, those of one address; whoever stands behind a proxy has its address. Default 1 000. */
  readonly watchSocketsPerAddressMax: number
  /** Viewers at this edge of which it is known whether they come back; those beyond are counted only while they ask. Default 50 000. */
  readonly viewersMax: number
  /** Sockets of `/ws/events`. Default 10 000. */
  readonly eventSocketsMax: number
  /** Answers of `/api/streams/{id}/events` that go on at once. Default 500. */
  readonly eventStreamsMax: number
  /** Of either, those that one address may have. Default 1 000 and 100. */
  readonly eventSocketsPerAddressMax: number
  readonly eventStreamsPerAddressMax: number
}

/** Settings of an edge, as documented. */
export const EDGE_DEFAULTS: EdgeSettingsShape = {
  host: '127.0.0.1',
  port: 8080,
  corsOrigins: ['*'],
  pages: undefined,
  followLinger_ms: 15_000,
  followedMax: 500,
  streamBytesMax: 64 * 1024 * 1024,
  partBytesMax: 512 * 1024 * 1024,
  cacheBytesMax: 128 * 1024 * 1024,
  waitersMax: 20_000,
  waitersPerAddressMax: 2_000,
  watchSocketsMax: 20_000,
  watchSocketsPerAddressMax: 1_000,
  viewersMax: 50_000,
  eventSocketsMax: 10_000,
  eventStreamsMax: 500,
  eventSocketsPerAddressMax: 1_000,
  eventStreamsPerAddressMax: 100
}

/** The settings of an edge. */
export class EdgeSettings extends Context.Reference<EdgeSettingsShape>('millrace/edge/EdgeSettings', { defaultValue: () => EDGE_DEFAULTS }) {}
