import { create } from '@bufbuild/protobuf'
import { Effect, Layer } from 'effect'
import { withLosses } from '../../actors/archive/keptLosses.ts'
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
    durationMs: BigInt(recording.duration_ms ?? 0),
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
        Effect.gen(function* () {
          const found = yield* recordings.get(id)
          if (found === undefined || !past(found)) return undefined
          const losses = yield* recordings.losses(id)
          return losses === undefined ? entryOf(found) : withLosses(entryOf(found), losses)
        }).pipe(Effect.mapError(({ message }) => message)),
      newest: (limit) =>
        recordings.list(limit).pipe(
          Effect.map((found) => found.filter(past).map(entryOf)),
          Effect.mapError(({ message }) => message)
        )
    }
  })
)
