import { clone, create, fromJsonString, toJsonString } from '@bufbuild/protobuf'
import { type StreamState, StreamStateSchema } from '../../proto/gen/millrace/v1/stream_state_pb.js'

/** What a stream's entry tells of losses, as JSON, to be kept when the entry leaves; undefined where it tells of none. */
export const lossesIn = ({ lostChunks, losses, poisonChunks, lostSegments, lostSegmentCount, discontinuities }: StreamState): string | undefined => {
  if (lostChunks === 0n && poisonChunks === 0n && losses.length === 0 && lostSegmentCount === 0) return undefined
  return toJsonString(StreamStateSchema, create(StreamStateSchema, { lostChunks, losses, poisonChunks, lostSegments, lostSegmentCount, discontinuities }))
}

/** An entry that tells of them again. */
export const withLosses = (entry: StreamState, kept: string): StreamState => {
  const { lostChunks, losses, poisonChunks, lostSegments, lostSegmentCount, discontinuities } = fromJsonString(StreamStateSchema, kept, { ignoreUnknownFields: true })
  return Object.assign(clone(StreamStateSchema, entry), { lostChunks, losses, poisonChunks, lostSegments, lostSegmentCount, discontinuities })
}
