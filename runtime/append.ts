import { APPEND_RETRY_MAX_MS, APPEND_RETRY_MS, FULL_ATTEMPTS_MAX, FULL_RETRY_MS } from './limits.ts'

/**
 * One append by compare-and-set, as a pure machine: what to do next, given what came of the last step. A publish whose
 * outcome is unknown is looked up at the head of the log, where the record's own id tells whether it was stored.
 */
export interface AppendState {
  readonly recordId: string
  /** Sequence that the subject's head must have; 0: nothing there. */
  readonly expected: number
  readonly attempts: number
  readonly fullAttempts: number
}

/** What came of a step. */
export type AppendInput =
  | { readonly _tag: 'Acked'; readonly seq: number }
  | { readonly _tag: 'Refused'; readonly code: number; readonly description: string }
  | { readonly _tag: 'Unknown' }
  | { readonly _tag: 'Head'; readonly seq: number; readonly recordId: string }
  | { readonly _tag: 'HeadAbsent' }
  | { readonly _tag: 'HeadUnknown' }

/** What to do next. `wait_ms` passes first. */
export type AppendStep =
  | { readonly _tag: 'Publish'; readonly wait_ms: number }
  | { readonly _tag: 'ReadHead'; readonly wait_ms: number }
  | { readonly _tag: 'Stored'; readonly seq: number }
  | { readonly _tag: 'Fenced'; readonly head: number }
  | { readonly _tag: 'HeadLost' }
  | { readonly _tag: 'Full'; readonly code: number; readonly description: string }
  | { readonly _tag: 'TooBig' }

/** Wrong last sequence, on one server and in a cluster. */
const CONFLICTS = new Set([10071, 10164])
/** Maximum bytes reached, insufficient resources or storage, limits of the account: what servers answer when full. */
const FULL = new Set([10077, 10023, 10167, 10002, 10047, 10028])
const TOO_BIG = 10054

export const beginAppend = (recordId: string, expected: number): AppendState => ({ recordId, expected, attempts: 0, fullAttempts: 0 })

/** Total: every input has a step. */
export const decideAppend = (state: AppendState, input: AppendInput): { readonly state: AppendState; readonly step: AppendStep } => {
  switch (input._tag) {
    case 'Acked':
      return { state, step: { _tag: 'Stored', seq: input.seq } }
    case 'Refused':
      return refused(state, input.code, input.description)
    case 'Unknown':
    case 'HeadUnknown':
      return later(state, 'ReadHead')
    case 'HeadAbsent':
      return state.expected === 0 ? later(state, 'Publish') : { state, step: { _tag: 'HeadLost' } }
    case 'Head':
      if (input.recordId === state.recordId) return { state, step: { _tag: 'Stored', seq: input.seq } }
      return input.seq === state.expected ? later(state, 'Publish') : { state, step: { _tag: 'Fenced', head: input.seq } }
  }
}

const refused = (state: AppendState, code: number, description: string): { state: AppendState; step: AppendStep } => {
  if (code === TOO_BIG) return { state, step: { _tag: 'TooBig' } }
  if (!FULL.has(code)) return CONFLICTS.has(code) ? { state, step: { _tag: 'ReadHead', wait_ms: 0 } } : later(state, 'ReadHead')
  const next = { ...state, fullAttempts: state.fullAttempts + 1 }
  const step: AppendStep = next.fullAttempts >= FULL_ATTEMPTS_MAX ? { _tag: 'Full', code, description } : { _tag: 'Publish', wait_ms: FULL_RETRY_MS }
  return { state: next, step }
}

const later = (state: AppendState, step: 'Publish' | 'ReadHead'): { state: AppendState; step: AppendStep } => ({
  state: { ...state, attempts: state.attempts + 1 },
  step: { _tag: step, wait_ms: Math.min(APPEND_RETRY_MAX_MS, APPEND_RETRY_MS * 2 ** Math.min(state.attempts, 10)) }
})
