import { FIGURES_TOLD_MAX } from './limits.ts'

/** How an actor keeps up with its inbox. Absent: not known. */
export interface ActorFigures {
  /** How long the oldest entry has been stored of which there should be output in the log and is not, ms; 0: nothing waits. */
  readonly lagMs?: number
  /** From an entry's being stored to its output's being stored, ms, recently. */
  readonly latencyMs?: number
}

/** The two clocks of a process: the monotonic one, and the wall clock, ms since 1970. */
export interface Clocks {
  readonly now_ms: number
  readonly wall_ms: number
}

/** What a heartbeat tells of a node's actors: of very many, those furthest behind. */
export const figuresTold = (figures: ReadonlyArray<readonly [id: string, figures: ActorFigures]>, max = FIGURES_TOLD_MAX): Readonly<Record<string, ActorFigures>> => {
  if (figures.length <= max) return Object.fromEntries(figures)
  return Object.fromEntries(figures.toSorted(([, a], [, b]) => (b.lagMs ?? 0) - (a.lagMs ?? 0)).slice(0, max))
}
