/** Which children a supervisor restarts when one has died: that one, or all. */
export type Strategy = 'OneForOne' | 'OneForAll'

/** How a supervisor restarts: at most `restarts` fruitless ones in `period_ms`, each after a pause that doubles up to `pauseMax_ms`. */
export interface SupervisorSpec {
  readonly strategy: Strategy
  readonly restarts: number
  readonly period_ms: number
  readonly pause_ms: number
  readonly pauseMax_ms: number
}

/** A supervisor's children, its last restart, and the restarts within the period since a child last got anything done, oldest first. */
export interface SupervisorState {
  readonly children: ReadonlyArray<string>
  readonly last_ms: number
  readonly restarts_ms: ReadonlyArray<number>
}

/** A child's death. `progressed`: it got something done first, so that beginning again is no loop. */
export interface Death {
  readonly child: string
  readonly reason: string
  readonly progressed: boolean
}

/** What to do about a death. */
export type SupervisorStep =
  | { readonly _tag: 'Restart'; readonly children: ReadonlyArray<string>; readonly after_ms: number }
  /** Restart intensity exceeded: the supervisor itself fails. */
  | { readonly _tag: 'Escalate'; readonly reason: string }

export const supervisor = (...children: ReadonlyArray<string>): SupervisorState => ({ children, last_ms: Number.NEGATIVE_INFINITY, restarts_ms: [] })

/**
 * A child has died. After progress it is restarted however often that happens: at once, or after a short pause where
 * the last restart was less than the longest pause ago. Without, the first restart of a period follows at once, each
 * further one pauses for longer, and then the supervisor gives up.
 */
export const decideRestart = (spec: SupervisorSpec, state: SupervisorState, death: Death, now_ms: number): { readonly state: SupervisorState; readonly step: SupervisorStep } => {
  const { child, reason, progressed } = death
  const children = spec.strategy === 'OneForOne' ? [child] : state.children
  const restart = (after_ms: number, restarts_ms: ReadonlyArray<number>) =>
    ({ state: { ...state, last_ms: now_ms, restarts_ms }, step: { _tag: 'Restart', children, after_ms } }) as const
  if (progressed) return restart(now_ms - state.last_ms < spec.pauseMax_ms ? spec.pause_ms : 0, [])
  const recent = state.restarts_ms.filter((at_ms) => now_ms - at_ms < spec.period_ms)
  if (recent.length >= spec.restarts) {
    const step = { _tag: 'Escalate', reason: `${child} died ${recent.length + 1} times in ${spec.period_ms / 1000} s; the last time: ${reason}` } as const
    return { state: { ...state, restarts_ms: recent }, step }
  }
  return restart(recent.length === 0 ? 0 : Math.min(spec.pauseMax_ms, spec.pause_ms * 2 ** (recent.length - 1)), [...recent, now_ms])
}
