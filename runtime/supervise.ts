import { Cause, Deferred, Effect } from 'effect'
import { type Activation, activate } from './Activation.ts'
import type { ActivationExit } from './ActivationExit.ts'
import type { ActorKind } from './ActorKind.ts'
import { decideRestart, supervisor, type SupervisorSpec } from './supervision.ts'

/** How an actor that crashes is started again from its log. */
export const ACTOR_SUPERVISION: SupervisorSpec = { strategy: 'OneForOne', restarts: 5, period_ms: 60_000, pause_ms: 200, pauseMax_ms: 5_000 }

/** An end that no restart follows, on this node. */
export type FinalExit = Exclude<ActivationExit, { readonly _tag: 'Crashed' }>

/** What may be asked of an actor under supervision. */
export interface Orders {
  /** Come to a good stop, for another node to go on. */
  readonly drain: () => void
  /** Another node has the actor: stop at once, and write nothing more. */
  readonly supersede: () => void
}

/** Puts an actor under supervision. `run` runs activations of it under one lease, until it ends for this node. */
export const supervise = <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>, id: string, revision: number) => {
  const superseded = Deferred.makeUnsafe<FinalExit>()
  const drained = Deferred.makeUnsafe<FinalExit>()
  let current: Activation | undefined
  let draining = false
  const once = activate(kind, id, revision).pipe(
    Effect.flatMap((activation) => {
      current = activation
      if (draining) activation.drain()
      return activation.exit
    }),
    Effect.scoped,
    Effect.catchCause((cause) => Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.succeed<ActivationExit>({ _tag: 'Crashed', reason: Cause.pretty(cause) })),
    Effect.ensuring(Effect.sync(() => (current = undefined)))
  )
  const run = Effect.gen(function* () {
    let state = supervisor(id)
    while (true) {
      const exit: ActivationExit = yield* Effect.raceFirst(once, Deferred.await(superseded))
      if (exit._tag !== 'Crashed') return exit
      const { state: next, step } = decideRestart(ACTOR_SUPERVISION, state, id, exit.reason, performance.now())
      if (step._tag === 'Escalate') return { _tag: 'Failed', reason: step.reason } as const
      yield* Effect.logWarning('actor restarts', { reason: exit.reason, after_ms: step.after_ms })
      state = next
      const stopped = yield* Effect.raceFirst(Effect.sleep(step.after_ms), Effect.raceFirst(Deferred.await(superseded), Deferred.await(drained)))
      if (typeof stopped === 'object') return stopped
    }
  })
  const orders: Orders = {
    drain: () => {
      draining = true
      current?.drain()
      Deferred.doneUnsafe(drained, Effect.succeed({ _tag: 'Released' }))
    },
    supersede: () => {
      Deferred.doneUnsafe(superseded, Effect.succeed({ _tag: 'Superseded' }))
    }
  }
  return { run, orders }
}
