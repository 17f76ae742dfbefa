import { Effect, Layer } from 'effect'
import { Recordings } from '../../actors/database/Recordings.ts'
import { ArchivedSoFar } from '../../edge/ingest/ArchivedSoFar.ts'

/** What the archive holds of a recording, from the database; nothing while that is away. */
export const archivedSoFar = Layer.effect(
  ArchivedSoFar,
  Effect.map(Recordings, (recordings) => (id: string) =>
    recordings.segments(id).pipe(
      Effect.map((segments) => ({ segments: segments.length, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0) })),
      Effect.catch(() => Effect.succeed({ segments: 0, bytes: 0 }))
    )
  )
)
