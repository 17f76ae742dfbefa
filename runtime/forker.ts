import { Effect, Exit, type Fiber, type Scope } from 'effect'

/** Runs effects beside plain code, for as long as the scope is open. A defect in one is logged. */
export const forker: Effect.Effect<(effect: Effect.Effect<void>) => void, never, Scope.Scope> = Effect.gen(function* () {
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const fibers = new Set<Fiber.Fiber<void>>()
  yield* Effect.addFinalizer(() => Effect.sync(() => fibers.forEach((fiber) => fiber.interruptUnsafe())))
  return (effect) => {
    const fiber = fork(effect)
    fibers.add(fiber)
    fiber.addObserver((exit) => {
      fibers.delete(fiber)
      if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) fork(Effect.logError('defect beside an actor', exit.cause))
    })
  }
})
