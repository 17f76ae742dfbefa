import { Clock, Effect, Random } from 'effect'
import { type ArchiveAction, type ArchiveMessage, type ArchiveState, decide, type Dependency, initialArchive, mayTake } from './archive.ts'
import type { Around, Trouble } from './performSteps.ts'

/** One task in hand: a segment or a recording, and how often it has been in hand, this time included. */
export interface Task {
  readonly name: string
  readonly deliveries: number
}

/** How a task went that met no trouble. */
export type TaskOutcome = { readonly _tag: 'Archived' | 'Repeated' | 'Ignored' | 'Waiting' } | { readonly _tag: 'Damaged'; readonly reason: string }

/** What to do with a task that was tried. */
export type Settled = Extract<ArchiveAction, { readonly _tag: 'Ack' | 'RetryIn' }>

/** What a task consists of. */
export interface TaskWork {
  readonly work: Effect.Effect<TaskOutcome, Trouble, Around>
  /** Done once instead of `work`, when that was found to be in vain. */
  readonly giveUp: (reason: string) => Effect.Effect<void, Trouble, Around>
}

/** Decides and does the tasks of one archiver or finalizer: keeps the state of `decide`, and performs its actions. */
export interface ArchiveDesk {
  readonly state: () => ArchiveState
  /** Whether a task may be taken at `now_ms`. */
  readonly mayTake: (now_ms: number) => boolean
  /** Tries a task, or leaves it for now; never fails. */
  readonly attempt: (task: Task, work: TaskWork) => Effect.Effect<Settled, never, Around>
}

const NANOSECONDS_PER_MS = 1_000_000n

/** The clock that the archive decides by: monotonic, ms. */
export const now_ms: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (now) => Number(now / NANOSECONDS_PER_MS))

/** Opens a desk with nothing on it. */
export const openDesk = (): ArchiveDesk => {
  let state = initialArchive
  const tell = (message: ArchiveMessage): Effect.Effect<ArchiveAction> =>
    Effect.map(now_ms, (now) => {
      const decision = decide(state, message, now)
      state = decision.state
      return decision.action
    })
  return {
    state: () => state,
    mayTake: (now) => mayTake(state, now),
    attempt: Effect.fnUntraced(function* (task: Task, work: TaskWork) {
      let action = yield* tell({ _tag: 'Received', task: task.name, jitter: yield* Random.next })
      while (action._tag === 'Work' || action._tag === 'GiveUp') action = yield* tell(yield* perform(action, task, work))
      return action
    })
  }
}

type Doing = Extract<ArchiveAction, { readonly _tag: 'Work' | 'GiveUp' }>

/** Does what was decided; what came of it as a message, never a failure. */
const perform = (doing: Doing, task: Task, { work, giveUp }: TaskWork): Effect.Effect<ArchiveMessage, never, Around> => {
  const { name, deliveries } = task
  const unavailable = (dependency: Dependency, reason: string): Effect.Effect<ArchiveMessage> =>
    Effect.gen(function* () {
      yield* Effect.logWarning('the archive has to wait', { task: name, dependency, reason, deliveries })
      return { _tag: 'Unavailable', task: name, dependency, deliveries, jitter: yield* Random.next }
    })
  /** What cannot even be given up is let go, or it would come back for ever. */
  const damaged = (reason: string): Effect.Effect<ArchiveMessage> =>
    doing._tag === 'GiveUp'
      ? Effect.as(Effect.logError('the archive lets go of what it cannot even give up', { task: name, reason }), { _tag: 'GivenUp', task: name })
      : Effect.gen(function* () {
          yield* Effect.logWarning('the archive cannot do this', { task: name, reason })
          return { _tag: 'Damaged', task: name, reason, deliveries, jitter: yield* Random.next }
        })
  const said = (outcome: TaskOutcome): Effect.Effect<ArchiveMessage> => {
    if (outcome._tag === 'Damaged') return damaged(outcome.reason)
    if (outcome._tag !== 'Waiting') return Effect.succeed({ _tag: outcome._tag, task: name })
    return Effect.map(Random.next, (jitter) => ({ _tag: 'Waiting', task: name, deliveries, jitter }))
  }
  const given: ArchiveMessage = { _tag: 'GivenUp', task: name }
  const job = doing._tag === 'Work' ? Effect.flatMap(work, said) : Effect.as(giveUp(doing.reason), given)
  return job.pipe(
    // One task that meets a bug must not take the worker with it.
    Effect.catchDefect((defect) => Effect.andThen(Effect.logError('the archive met a defect', { task: name }, defect), damaged(`a defect: ${String(defect)}`))),
    Effect.catchTags({
      LogUnavailable: (error) => unavailable('log', `${error.operation}: ${error.reason}`),
      LogFull: (error) => unavailable('log', `${error.subject} is full`),
      StoreUnavailable: (error) => unavailable('store', `${error.operation}: ${error.reason}`),
      DatabaseUnavailable: (error) => unavailable('database', error.reason),
      ObjectMissing: (error) => damaged(`the object ${error.key} is not in the store`),
      StatementRefused: (error) => damaged(`the database refuses it: ${error.code} ${error.reason}`),
      ObjectTooBig: (error) => damaged(`it has ${error.bytes} bytes, more than ${error.limit}`)
    })
  )
}
