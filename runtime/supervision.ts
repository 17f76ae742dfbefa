/** Which children a supervisor restarts when one has died: that one, or all. */
export type Strategy = 'OneForOne' | 'OneForAll'

/** How a supervisor restarts: at most `restarts` in `period_ms`, each after a pause that doubles up to `pauseMax_ms`. */
export interface SupervisorSpec {
  readonly strategy: Strategy
  readonly restarts: number
  readonly period_ms: number
  readonly pause_ms: number
  readonly pauseMax_ms: number
}

/** A supervisor's children and its restarts within the period, oldest first. */
export interface SupervisorState {
  readonly children: ReadonlyArray<string>
  readonly restarts_ms: ReadonlyArray<number>
}

/** What to do about a death. */
export type SupervisorStep =
  | { readonly _tag: 'Restart'; readonly children: ReadonlyArray<string>; readonly after_ms: number }
  /** Restart intensity exceeded: the supervisor itself fails. */
  | { readonly _tag: 'Escalate'; readonly reason: string }

export const supervisor = (...children: ReadonlyArray<string>): SupervisorState => ({ children, restarts_ms: [] })

/** A child has died. The first restart of a period follows at once; each further one pauses for longer. */
export const decideRestart = (spec: SupervisorSpec, state: SupervisorState, child: string, reason: string, now_ms: number): { readonly state: SupervisorState; readonly step: SupervisorStep } => {
  const recent = state.restarts_ms.filter((at_ms) => now_ms - at_ms < spec.period_ms)
  if (recent.length >= spec.restarts) {
    const step = { _tag: 'Escalate', reason: `${child} died ${recent.length + 1} times in ${spec.period_ms / 1000} s; the last time: ${reason}` } as const
    return { state: { ...state, restarts_ms: recent }, step }
  }
  const after_ms = recent.length === 0 ? 0 : Math.min(spec.pauseMax_ms, spec.pause_ms * 2 ** (recent.length - 1))
  const children = spec.strategy === 'OneForOne' ? [child] : state.children
  return { state: { ...state, restarts_ms: [...recent, now_ms] }, step: { _tag: 'Restart', children, after_ms } }
}
