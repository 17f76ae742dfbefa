import { Effect, Layer } from 'effect'
import { Recordings } from '../../actors/database/Recordings.ts'
import { ArchivedSoFar } from '../../edge/ingest/ArchivedSoFar.ts'
import { UsedIds } from '../../edge/ingest/UsedIds.ts'
import { RecordingIndex } from '../../edge/playback/RecordingPlaces.ts'

/** What an edge asks of the database: where a recording lies, how much of it is archived, and which ids were used. */
export const recordingKnowledge = Layer.mergeAll(
  Layer.effect(
    ArchivedSoFar,
    Effect.map(Recordings, (recordings) => (id: string) =>
      recordings.segments(id).pipe(
        Effect.map((segments) => ({ segments: segments.length, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0) })),
        Effect.catch(() => Effect.succeed({ segments: 0, bytes: 0 }))
      )
    )
  ),
  Layer.effect(
    UsedIds,
    Effect.map(Recordings, (recordings) => (id: string) =>
      recordings.get(id).pipe(
        Effect.map((recording) => recording !== undefined),
        Effect.mapError((error) => error.message)
      )
    )
  ),
  Layer.effect(
    RecordingIndex,
    Effect.map(Recordings, (recordings) => (id: string) =>
      recordings.get(id).pipe(
        Effect.map((recording) => recording?.keyPrefix),
        Effect.mapError((error) => error.message)
      )
    )
  )
)
