import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { framesOfMp4 } from '../../../actors/archive/testing/decodedFrames.ts'
import { writeFragment } from '../../../actors/fmp4/writeFragment.ts'
import { type StreamState, StreamStateSchema, StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../../runtime/Bucket.ts'
import { newId } from '../../../runtime/ids.ts'
import { type Appender, Log } from '../../../runtime/Log.ts'
import { Nodes } from '../../../runtime/Nodes.ts'
import { MediaWriter } from '../../testing/MediaWriter.ts'
import type { EncodedTrack } from '../../testing/realMedia.ts'
import type { startEdge } from '../../testing/startEdge.ts'
import type { ReceivedMedia } from './TestViewer.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

/** A live stream whose log a test writes through one of its edges. */
export const newStream = async (edge: Edge, tracks: ReadonlyArray<EncodedTrack>) => {
  const id = newId()
  const run = <A, E>(effect: Effect.Effect<A, E, Buckets | Log>): Promise<A> => edge.runtime.runPromise(effect)
  const log = await run(Log)
  const real = log.appender(log.subject('media', id), 0)
  let spoilNext: ((data: Uint8Array) => Uint8Array) | undefined
  const appender: Appender = {
    ...real,
    append: (data) => {
      const spoil = spoilNext
      spoilNext = undefined
      return real.append(spoil === undefined ? data : spoil(data))
    }
  }
  await run(Buckets.use(({ streams }) => streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, createdAtMs: 1n, keyPrefix: `recordings/${id}/` }))))
  let isPublishing = true
  const nodes = await edge.runtime.runPromise(Nodes)
  nodes.beforeBeat(() => {
    nodes.report.publishing = [...nodes.report.publishing.filter((one) => one !== id), ...(isPublishing ? [id] : [])]
  })
  const writer = new MediaWriter(appender, tracks, 30)
  return {
    id,
    writer,
    begin: () => run(writer.takeOver()),
    write: (duration_s: number) => run(writer.write(duration_s)),
    end: () => run(writer.end()),
    /** The next tenth of a second, spoilt on its way to the log. */
    writeSpoilt: (spoil: (data: Uint8Array) => Uint8Array) => {
      spoilNext = spoil
      return run(writer.step())
    },
    /** Whether the edge hears the stream's publisher, which it tells with its next heartbeat. */
    hears: (publisher: boolean) => void (isPublishing = publisher),
    /** Changes what the bucket says. */
    describe: (change: Partial<Pick<StreamState, 'status' | 'reason'>>) =>
      run(Buckets.use(({ streams }) =>
        Effect.flatMap(streams.get(id), (entry) => (entry === undefined ? Effect.die('no entry') : streams.update(id, { ...entry.value, ...change }, entry.revision)))))
  }
}

/** Frames of a fragment, by its `trun`. */
export const framesIn = (data: Uint8Array): number => {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return bytes.readUInt32BE(bytes.indexOf('trun') + 8)
}

/** Hashes of all pictures that a track holds. */
export const picturesOf = ({ init, samples }: EncodedTrack): ReadonlyArray<string> => framesOfMp4(Buffer.concat([init, writeFragment(1, samples)]), 'v')

/** Hashes of the pictures that a player decodes from what a viewer got of one rendition. */
export const picturesIn = (media: ReadonlyArray<ReceivedMedia>): ReadonlyArray<string> => framesOfMp4(Buffer.concat(media.map(({ data }) => data)), 'v')
