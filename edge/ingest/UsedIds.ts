import { Context, Effect } from 'effect'

/**
 * Asks those who keep recordings whether an id that the bucket `streams` does not know was used before: its entry leaves
 * the bucket some time after its recording is complete. Fails, with the reason for people, where they do not answer.
 * Without an index of recordings in reach of this edge: none was.
 */
export class UsedIds extends Context.Reference<(id: string) => Effect.Effect<boolean, string>>('millrace/edge/ingest/UsedIds', {
  defaultValue: () => () => Effect.succeed(false)
}) {}
