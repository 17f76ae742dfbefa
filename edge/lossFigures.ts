import type { StreamState } from '../proto/gen/millrace/v1/stream_state_pb.js'
import { StreamStatus } from '../proto/gen/millrace/v1/stream_state_pb.js'
import type { Metric } from './Metrics.ts'

type Told = Pick<StreamState, 'status' | 'lostChunks' | 'poisonChunks' | 'lostSegmentCount'>

/** What the streams of the bucket have lost, for `/metrics`: all of the platform's, the same on every edge; an entry that goes takes its share along. */
export const lossFigures = (streams: Iterable<Told>): ReadonlyArray<Metric> => {
  const sum = { failed: 0, damaged: 0, chunks: 0, poison: 0, segments: 0 }
  for (const { status, lostChunks, poisonChunks, lostSegmentCount } of streams) {
    if (status === StreamStatus.FAILED) sum.failed++
    if (lostChunks + poisonChunks > 0n || lostSegmentCount > 0) sum.damaged++
    sum.chunks += Number(lostChunks)
    sum.poison += Number(poisonChunks)
    sum.segments += lostSegmentCount
  }
  return [
    gauge('millrace_streams_failed', 'Streams that failed.', sum.failed),
    gauge('millrace_streams_with_losses', 'Streams that have lost something; /api/streams/{id} tells what.', sum.damaged),
    gauge('millrace_streams_lost_chunks', 'Chunks that they have lost: missing or unreadable.', sum.chunks),
    gauge('millrace_streams_poison_chunks', 'Chunks that were passed over as poison.', sum.poison),
    gauge('millrace_streams_lost_segments', 'Segments that are missing from their recordings.', sum.segments)
  ]
}

const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, samples: [['', value]] })
