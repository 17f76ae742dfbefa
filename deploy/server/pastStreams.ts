import { create } from '@bufbuild/protobuf'
import { Effect, Layer } from 'effect'
import { type Recording, Recordings } from '../../actors/database/Recordings.ts'
import { PastStreams } from '../../edge/http/PastStreams.ts'
import { type StreamState, StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'

/** What a recording's row says of its stream, in the words of the entry that has left the bucket. */
export const entryOf = (recording: Recording): StreamState =>
  create(StreamStateSchema, {
    streamId: recording.id,
    status: recording.status === 'ready' ? StreamStatus.ARCHIVED : recording.status === 'failed' ? StreamStatus.FAILED : StreamStatus.ENDED,
    title: recording.title,
    createdAtMs: BigInt(recording.createdAt_ms),
    endedAtMs: BigInt(recording.endedAt_ms ?? 0),
    reason: recording.reason,
    keyPrefix: recording.keyPrefix,
    renditions: recording.renditions.map(({ name, codec, width, height, bandwidth, frames }) => ({ name, codec, width, height, bandwidth, frames: BigInt(frames) }))
  })

/** Streams of the past as the table of recordings knows them: those that have ended, with media or without. */
export const pastStreams = Layer.effect(
  PastStreams,
  Effect.map(Recordings, (recordings) => {
    const past = ({ endedAt_ms }: Recording): boolean => endedAt_ms !== null
    return {
      get: (id) =>
        recordings.get(id).pipe(
          Effect.map((found) => (found !== undefined && past(found) ? entryOf(found) : undefined)),
          Effect.mapError(({ message }) => message)
        ),
      newest: (limit) =>
        recordings.list(limit).pipe(
          Effect.map((found) => found.filter(past).map(entryOf)),
          Effect.mapError(({ message }) => message)
        )
    }
  })
)
