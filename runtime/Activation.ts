import { Deferred, Effect, type Scope } from 'effect'
import type { ActorFigures, Clocks } from './actorFigures.ts'
import type { ActorKind } from './ActorKind.ts'
import { type ActivationExit, exitOf } from './ActivationExit.ts'
import type { Ask } from './Ask.ts'
import { makeInterpreter } from './interpreter.ts'
import type { Log } from './Log.ts'
import type { Nats } from './Nats.ts'
import type { Nodes } from './Nodes.ts'
import type { RuntimeSettings } from './RuntimeSettings.ts'
import type { Break } from './takeOver.ts'
import { takeOverLog } from './takeOverLog.ts'

/** A running activation: messages in, one exit out. */
export interface Activation {
  readonly drain: () => void
  readonly figures: (clocks: Clocks) => ActorFigures | undefined
  readonly exit: Effect.Effect<ActivationExit>
  /** Fencing token; undefined where it could not take the actor over. */
  readonly token: number | undefined
}

/**
 * Takes an actor over under `leaseRevision` and runs it: TakeOver, mailbox, behaviour. `broke` says on what the
 * activation before broke by itself, if it did. Everything it holds closes with the scope. The exit says how it ended; failures of single steps never get out as errors.
 */
export const activate = Effect.fnUntraced(function* <Record, State, Message, Action, R>(
  kind: ActorKind<Record, State, Message, Action, R>,
  id: string,
  leaseRevision: number,
  broke?: Break
): Effect.fn.Return<Activation, never, R | Log | Nats | Nodes | Ask | RuntimeSettings | Scope.Scope> {
  const ended = yield* Deferred.make<ActivationExit>()
  const exit = Deferred.await(ended)
  const taken = yield* Effect.result(takeOverLog(kind, id, leaseRevision, broke))
  if (taken._tag === 'Failure') {
    Deferred.doneUnsafe(ended, Effect.succeed(exitOf(taken.failure)))
    return { drain: () => undefined, figures: () => undefined, exit, token: undefined }
  }
  const interpreter = yield* makeInterpreter(kind, taken.success, leaseRevision, ended)
  return { drain: () => interpreter.send({ _tag: 'Drain' }), figures: interpreter.figures, exit, token: taken.success.owned.token }
})
