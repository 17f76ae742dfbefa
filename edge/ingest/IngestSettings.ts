import { Context } from 'effect'

/** What an operator sets of ingest. */
export interface IngestSettingsShape {
  /** Bytes of frames that one publisher may have sent without their being durable; past it 1013. Default 32 MiB, at least one frame. */
  readonly unackedBytesMax: number
  /** The same of all publishers on this edge. Default 512 MiB. */
  readonly unackedBytesTotalMax: number
  /** Publishers on this edge, and as many sockets that have not asked for anything yet. Default 1 000. */
  readonly connectionsMax: number
  /** Time from connecting to `start` or `resume`. Default 5 000. */
  readonly handshake_ms: number
  /** Time from `start` or `resume` to its answer; past it 1013. Default 10 000. */
  readonly open_ms: number
  /** Time without a frame after which the log is told that the publisher is still there. Default 10 000. */
  readonly keepAlive_ms: number
  /** Time without a frame or a text message after which a publisher is let go. Default 600 000. */
  readonly idle_ms: number
  /** Time without any sign of life, pongs included, after which a connection counts as dead; 8 to 960 whole seconds. Default 30 000. */
  readonly heartbeat_ms: number
  /** How long the answer to `stop` waits for the stream to be finished. Default 5 000. */
  readonly stop_ms: number
  /** How long new streams are refused after a log was seen to be full. Default 10 000. */
  readonly fullRefusal_ms: number
}

/** Settings of ingest, with defaults. */
export class IngestSettings extends Context.Reference<IngestSettingsShape>('millrace/edge/ingest/IngestSettings', {
  defaultValue: () => INGEST_DEFAULTS
}) {}

/** The defaults named above. */
export const INGEST_DEFAULTS: IngestSettingsShape = {
  unackedBytesMax: 32 * 1024 * 1024,
  unackedBytesTotalMax: 512 * 1024 * 1024,
  connectionsMax: 1_000,
  handshake_ms: 5_000,
  open_ms: 10_000,
  keepAlive_ms: 10_000,
  idle_ms: 600_000,
  heartbeat_ms: 30_000,
  stop_ms: 5_000,
  fullRefusal_ms: 10_000
}
