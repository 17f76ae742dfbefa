import { Cause, Deferred, Effect } from 'effect'
import { type Activation, activate } from './Activation.ts'
import type { ActivationExit } from './ActivationExit.ts'
import type { ActorFigures, Clocks } from './actorFigures.ts'
import type { ActorKind } from './ActorKind.ts'
import { countRestart } from './counters.ts'
import { UNAVAILABLE_PAUSE_MS } from './limits.ts'
import type { Break } from './takeOver.ts'
import { decideRestart, supervisor, type SupervisorSpec, type SupervisorState } from './supervision.ts'

/** How an actor that crashes is started again from its log. */
const ACTOR_SUPERVISION: SupervisorSpec = { strategy: 'OneForOne', restarts: 5, period_ms: 60_000, pause_ms: 200, pauseMax_ms: 5_000 }

/** An end that no restart follows, on this node. */
export type FinalExit = Exclude<ActivationExit, { readonly _tag: 'Crashed' | 'Unavailable' }>

/** What may be asked of an actor under supervision. */
export interface Orders {
  /** Come to a good stop, for another node to go on. */
  readonly drain: () => void
  /** How it keeps up now; undefined where that is not known: between two activations, for instance. */
  readonly figures: (clocks: Clocks) => ActorFigures | undefined
  /** Another node has the actor: stop at once, and write nothing more. */
  readonly supersede: () => void
}

/** A log that gives no answer says nothing of the actor: it is tried again and again, and does not count. */
const afterDeath = (state: SupervisorState, id: string, exit: ActivationExit & { readonly _tag: 'Crashed' | 'Unavailable' }): ReturnType<typeof decideRestart> =>
  exit._tag === 'Unavailable'
    ? { state, step: { _tag: 'Restart', children: [id], after_ms: UNAVAILABLE_PAUSE_MS } }
    : decideRestart(ACTOR_SUPERVISION, state, { child: id, reason: exit.reason, progressed: exit.progressed }, performance.now())

/**
 * Puts an actor under supervision. `run` runs activations of it under one lease, until it ends for this node. `handOver`
 * lets others have the actor: as soon as its activation has come to a good stop, while what it held is still being closed.
 */
export const supervise = <Record, State, Message, Action, R, R2>(kind: ActorKind<Record, State, Message, Action, R>, id: string, revision: number, handOver: Effect.Effect<void, never, R2>) => {
  const superseded = Deferred.makeUnsafe<FinalExit>()
  const drained = Deferred.makeUnsafe<FinalExit>()
  let current: Activation | undefined
  let draining = false
  let handedOver = false
  const afterRelease = (exit: ActivationExit) => {
    if (exit._tag !== 'Released') return Effect.void
    handedOver = true
    return handOver
  }
  let token: number | undefined
  const once = (broke: Break | undefined) => activate(kind, id, revision, broke).pipe(
    Effect.flatMap((activation) => {
      current = activation
      token = activation.token
      if (draining) activation.drain()
      return activation.exit
    }),
    Effect.tap(afterRelease),
    Effect.scoped,
    Effect.catchCause((cause) => Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.succeed<ActivationExit>({ _tag: 'Crashed', reason: Cause.pretty(cause), broke: true, progressed: false })),
    Effect.ensuring(Effect.sync(() => (current = undefined)))
  )
  const run = Effect.gen(function* () {
    let state = supervisor(id)
    let broke: Break | undefined
    while (true) {
      token = undefined
      const exit: ActivationExit = yield* Effect.raceFirst(once(broke), Deferred.await(superseded))
      if (exit._tag !== 'Crashed' && exit._tag !== 'Unavailable') return exit
      const { state: next, step } = afterDeath(state, id, exit)
      if (step._tag === 'Escalate') return { _tag: 'Failed', reason: step.reason } as const
      yield* countRestart(exit._tag === 'Unavailable' ? 'unavailable' : exit.broke ? 'broke' : 'ended')
      yield* Effect.logWarning('actor restarts', { reason: exit.reason, after_ms: step.after_ms })
      state = next
      if (exit._tag === 'Crashed') broke = exit.broke ? { reason: exit.reason, token } : undefined
      const stopped = yield* Effect.raceFirst(Effect.sleep(step.after_ms), Effect.raceFirst(Deferred.await(superseded), Deferred.await(drained)))
      if (typeof stopped !== 'object') continue
      yield* afterRelease(stopped)
      return stopped
    }
  })
  const orders: Orders = {
    drain: () => {
      draining = true
      current?.drain()
      Deferred.doneUnsafe(drained, Effect.succeed({ _tag: 'Released' }))
    },
    figures: (clocks) => current?.figures(clocks),
    supersede: () => {
      // Whoever takes what was handed over is no reason to hurry.
      if (!handedOver) Deferred.doneUnsafe(superseded, Effect.succeed({ _tag: 'Superseded' }))
    }
  }
  return { run, orders }
}
