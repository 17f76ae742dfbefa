import { Context, Effect } from 'effect'

/** What the archive holds of a recording by now. */
export interface Archived {
  readonly segments: number
  readonly bytes: number
}

/**
 * Asks the archive for what it holds of a recording, for the answer to `stop`. Without an archive in reach of this edge:
 * nothing, which is what such an edge knows.
 */
export class ArchivedSoFar extends Context.Reference<(id: string) => Effect.Effect<Archived>>('millrace/edge/ingest/ArchivedSoFar', {
  defaultValue: () => () => Effect.succeed({ segments: 0, bytes: 0 })
}) {}
