import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { type StreamState, StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { MediaWriter } from './MediaWriter.ts'
import type { EncodedTrack } from './realMedia.ts'
import type { startEdge } from './startEdge.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

/** A live stream in the bucket and the log, written by the test. */
export const liveStream = async ({ runtime }: Edge, tracks: ReadonlyArray<EncodedTrack>, title = 'Garden') => {
  const id = newId()
  const run = <A, E>(effect: Effect.Effect<A, E, Buckets | Log>): Promise<A> => runtime.runPromise(effect)
  const renditions = tracks.map(({ name, info }) => ({ name, codec: info.codec }))
  await run(Buckets.use(({ streams }) => streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, title, createdAtMs: BigInt(Date.now()), publishing: true, renditions }))))
  const writer = await run(Log.use((log) => Effect.succeed(new MediaWriter(log.appender(log.subject('media', id), 0), tracks, 30))))
  await run(writer.takeOver())
  return {
    id,
    writer,
    write: (duration_s: number): Promise<void> => run(writer.write(duration_s)),
    /** Writes the entry anew, as the stream's owner would. */
    change: (change: Partial<StreamState>): Promise<unknown> =>
      run(Buckets.use(({ streams }) => Effect.flatMap(streams.get(id), (entry) => (entry === undefined ? Effect.die('no entry') : streams.update(id, { ...entry.value, ...change }, entry.revision))))),
    /** The entry leaves the bucket. */
    remove: (): Promise<unknown> =>
      run(Buckets.use(({ streams }) => Effect.flatMap(streams.get(id), (entry) => (entry === undefined ? Effect.die('no entry') : streams.remove(id, entry.revision)))))
  }
}
