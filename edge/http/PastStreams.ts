import { Context, Effect } from 'effect'
import type { StreamState } from '../../proto/gen/millrace/v1/stream_state_pb.js'

/** Streams whose entry has left the bucket, their recording being complete. Fails with the reason, for people. */
export interface PastStreamsShape {
  readonly get: (id: string) => Effect.Effect<StreamState | undefined, string>
  /** Newest first. */
  readonly newest: (limit: number) => Effect.Effect<ReadonlyArray<StreamState>, string>
}

/** What those who keep recordings know of such streams. Without an index of recordings in reach of this edge: nothing. */
export class PastStreams extends Context.Reference<PastStreamsShape>('millrace/edge/http/PastStreams', {
  defaultValue: () => ({ get: () => Effect.succeed(undefined), newest: () => Effect.succeed([]) })
}) {}
