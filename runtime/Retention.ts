import { Context, type Effect } from 'effect'
import type { LogUnavailable } from './errors.ts'

/**
 * First sequences that an id still needs in its two logs, its own newest record never behind them: a log whose newest
 * record went looks to its writer as if it had been removed. Undefined: nothing of that log may go.
 */
export interface Floors {
  readonly ingest: number | undefined
  readonly media: number | undefined
}

/** What the janitor must know of the actors whose logs it trims; given by those who know what the records mean. */
export class Retention extends Context.Service<Retention, {
  /**
   * Ids that may still need something of INGEST or MEDIA. Read afresh, never from a cache: whoever writes to a log must
   * be in the list before it writes its first record.
   */
  readonly ids: Effect.Effect<ReadonlyArray<string>, LogUnavailable>
  /** `mediaShare` is how full the MEDIA log of the id is, 0 to 1: what is kept for comfort gives way where room is short. */
  readonly floors: (id: string, mediaShare: number) => Effect.Effect<Floors, LogUnavailable>
}>()('millrace/runtime/Retention') {}
