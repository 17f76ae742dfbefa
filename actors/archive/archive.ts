/**
 * The decisions of the archive, pure: who drives it keeps the state, tells it what came of each task with the monotonic
 * clock and a random number, and does the one action that it gets back. Archiver and finalizer have a state each.
 */
import {
  BREAKER_FAILURES_MAX,
  BREAKER_OPEN_MS,
  BREAKER_OPEN_MS_MAX,
  DAMAGE_ATTEMPTS_MAX,
  DAMAGED_REMEMBERED_MAX,
  PROBE_WAIT_MS,
  RETRY_MS,
  RETRY_MS_MAX
} from './limits.ts'

/** What an archive worker cannot do without. */
export type Dependency = 'log' | 'store' | 'database'

/** Failures in a row, and until when nothing is tried. */
export interface Breaker {
  readonly failures: number
  readonly openUntil_ms: number
}

/** What came of tasks so far. */
export interface ArchiveCounts {
  readonly archived: number
  /** Met again after they were archived. */
  readonly repeated: number
  /** Announcements that the MEDIA log does not bear out; streams that are not known. */
  readonly ignored: number
  /** Given up as damaged. */
  readonly lost: number
  /** Given back, to be tried later. */
  readonly retried: number
}

export interface ArchiveState {
  readonly breakers: Readonly<Record<Dependency, Breaker>>
  /** The task that finds out whether a dependency is back. */
  readonly probing: string | undefined
  /** How often each task was found damaged. */
  readonly damaged: ReadonlyMap<string, number>
  readonly counts: ArchiveCounts
}

/** `task` names one announcement or recording in hand; `jitter` is a random number in [0, 1). */
export type ArchiveMessage =
  | { readonly _tag: 'Received'; readonly task: string; readonly jitter: number }
  | { readonly _tag: 'Archived'; readonly task: string }
  | { readonly _tag: 'Repeated'; readonly task: string }
  | { readonly _tag: 'Ignored'; readonly task: string }
  /** Nothing is wrong, but something that others do is not done yet. */
  | { readonly _tag: 'Waiting'; readonly task: string; readonly deliveries: number; readonly jitter: number }
  | { readonly _tag: 'Damaged'; readonly task: string; readonly reason: string; readonly deliveries: number; readonly jitter: number }
  | { readonly _tag: 'GivenUp'; readonly task: string }
  | { readonly _tag: 'Unavailable'; readonly task: string; readonly dependency: Dependency; readonly deliveries: number; readonly jitter: number }

export type ArchiveAction =
  | { readonly _tag: 'Work' }
  /** Record the loss and park the announcement. */
  | { readonly _tag: 'GiveUp'; readonly reason: string }
  | { readonly _tag: 'Ack' }
  | { readonly _tag: 'RetryIn'; readonly delay_ms: number }

export interface ArchiveDecision {
  readonly state: ArchiveState
  readonly action: ArchiveAction
}

const CLOSED: Breaker = { failures: 0, openUntil_ms: 0 }

export const initialArchive: ArchiveState = {
  breakers: { log: CLOSED, store: CLOSED, database: CLOSED },
  probing: undefined,
  damaged: new Map(),
  counts: { archived: 0, repeated: 0, ignored: 0, lost: 0, retried: 0 }
}

/**
 * What an archiver does with an announcement and a finalizer with a recording: each message has exactly one action. A
 * dependency that keeps failing is left alone for a while, then tried with one task. `now_ms` is monotonic.
 */
export const decide = (state: ArchiveState, message: ArchiveMessage, now_ms: number): ArchiveDecision => {
  switch (message._tag) {
    case 'Received':
      return admit(state, message.task, message.jitter, now_ms)
    case 'Archived':
      return done(state, message.task, 'archived')
    case 'Repeated':
      return done(state, message.task, 'repeated')
    case 'Ignored':
      return done(state, message.task, 'ignored')
    case 'GivenUp':
      return done(state, message.task, 'lost')
    case 'Waiting':
      return retry(proven(withoutProbe(state, message.task), ['log', 'database']), backoff_ms(message.deliveries, message.jitter))
    case 'Damaged':
      return damaged(state, message)
    case 'Unavailable':
      return unavailable(state, message, now_ms)
  }
}

/**
 * Whether work may be taken now. While a dependency is left alone, or one task finds out whether it is back, what is not
 * taken stays in its queue in order, and nothing of it is in memory.
 */
export const mayTake = (state: ArchiveState, now_ms: number): boolean => {
  const open = openDependencies(state)
  return open.length === 0 || (state.probing === undefined && open.every((dependency) => state.breakers[dependency].openUntil_ms <= now_ms))
}

/** Dependencies that are left alone for now, or tried with one task at a time. */
export const openDependencies = (state: ArchiveState): ReadonlyArray<Dependency> => DEPENDENCIES.filter((dependency) => isOpen(state.breakers[dependency]))

const DEPENDENCIES: ReadonlyArray<Dependency> = ['log', 'store', 'database']

const isOpen = (breaker: Breaker): boolean => breaker.failures >= BREAKER_FAILURES_MAX

const admit = (state: ArchiveState, task: string, jitter: number, now_ms: number): ArchiveDecision => {
  const open = openDependencies(state)
  if (open.length === 0) return { state, action: { _tag: 'Work' } }
  const wait_ms = Math.max(...open.map((dependency) => state.breakers[dependency].openUntil_ms)) - now_ms
  if (wait_ms > 0) return retry(state, wait_ms + jitter * PROBE_WAIT_MS)
  if (state.probing !== undefined && state.probing !== task) return retry(state, PROBE_WAIT_MS * (1 + jitter))
  return { state: { ...state, probing: task }, action: { _tag: 'Work' } }
}

const counted = (state: ArchiveState, what: keyof ArchiveCounts): ArchiveState => ({
  ...state,
  counts: { ...state.counts, [what]: state.counts[what] + 1 }
})

const retry = (state: ArchiveState, delay_ms: number): ArchiveDecision => ({
  state: counted(state, 'retried'),
  action: { _tag: 'RetryIn', delay_ms: Math.round(delay_ms) }
})

const backoff_ms = (deliveries: number, jitter: number): number =>
  Math.min(RETRY_MS * 2 ** Math.min(Math.max(deliveries, 1) - 1, 20), RETRY_MS_MAX) * (0.5 + jitter / 2)

const withoutProbe = (state: ArchiveState, task: string): ArchiveState =>
  state.probing === task ? { ...state, probing: undefined } : state

const proven = (state: ArchiveState, dependencies: ReadonlyArray<Dependency>): ArchiveState => {
  const breakers = { ...state.breakers }
  for (const dependency of dependencies) breakers[dependency] = CLOSED
  return { ...state, breakers }
}

/** Which dependencies a result proves to be well: an ignored announcement was held only against log and database. */
const PROVEN: Readonly<Record<'archived' | 'repeated' | 'ignored' | 'lost', ReadonlyArray<Dependency>>> = {
  archived: ['log', 'store', 'database'],
  repeated: ['database'],
  ignored: ['log', 'database'],
  lost: ['log', 'database']
}

const done = (before: ArchiveState, task: string, what: 'archived' | 'repeated' | 'ignored' | 'lost'): ArchiveDecision => {
  const state = withoutProbe(counted(before, what), task)
  const damages = new Map(state.damaged)
  damages.delete(task)
  return { state: { ...proven(state, PROVEN[what]), damaged: damages }, action: { _tag: 'Ack' } }
}

const damaged = (before: ArchiveState, message: ArchiveMessage & { readonly _tag: 'Damaged' }): ArchiveDecision => {
  const times = (before.damaged.get(message.task) ?? 0) + 1
  const damages = new Map(before.damaged)
  damages.delete(message.task)
  damages.set(message.task, times)
  for (const oldest of damages.keys()) {
    if (damages.size <= DAMAGED_REMEMBERED_MAX) break
    damages.delete(oldest)
  }
  const state = { ...withoutProbe(before, message.task), damaged: damages }
  if (times >= DAMAGE_ATTEMPTS_MAX) return { state, action: { _tag: 'GiveUp', reason: message.reason } }
  return retry(state, backoff_ms(message.deliveries, message.jitter))
}

const unavailable = (before: ArchiveState, message: ArchiveMessage & { readonly _tag: 'Unavailable' }, now_ms: number): ArchiveDecision => {
  const state = withoutProbe(before, message.task)
  const failures = state.breakers[message.dependency].failures + 1
  const over = failures - BREAKER_FAILURES_MAX
  const open_ms = over < 0 ? 0 : Math.min(BREAKER_OPEN_MS * 2 ** Math.min(over, 20), BREAKER_OPEN_MS_MAX)
  const breakers = { ...state.breakers, [message.dependency]: { failures, openUntil_ms: now_ms + open_ms } }
  return retry({ ...state, breakers }, Math.max(open_ms, backoff_ms(message.deliveries, message.jitter)))
}
