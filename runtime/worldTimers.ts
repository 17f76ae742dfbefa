import { Effect, type Scope } from 'effect'
import { Nodes } from './Nodes.ts'
import { makeTimers } from './timers.ts'

/** An actor's timers, by name. */
export interface WorldTimers {
  /** Starts a timer, in place of the one of that name. */
  readonly set: (timer: string, after_ms: number) => void
  readonly clear: (timer: string) => void
}

/**
 * Timers of which some wait for something from outside. What could not come while NATS was away has not stayed away: such a
 * timer elapses with the next heartbeat that comes back, and begins again where that comes back after a gap.
 */
export const makeWorldTimers = Effect.fnUntraced(function* (waitsForWorld: ReadonlySet<string> | undefined, onElapsed: (timer: string) => void): Effect.fn.Return<WorldTimers, never, Nodes | Scope.Scope> {
  const nodes = yield* Nodes
  const timers = yield* makeTimers
  const unheard = new Map<string, number>()
  const set = (timer: string, after_ms: number): void => {
    unheard.delete(timer)
    timers.set(timer, after_ms, () => (waitsForWorld?.has(timer) === true ? void unheard.set(timer, after_ms) : onElapsed(timer)))
  }
  const heard = (): void => {
    const [waiting, healthy] = [[...unheard], nodes.isHealthy()]
    unheard.clear()
    for (const [timer, after_ms] of waiting) {
      if (healthy) onElapsed(timer)
      else set(timer, after_ms)
    }
  }
  const forget = nodes.onHeard(heard)
  yield* Effect.addFinalizer(() => Effect.sync(forget))
  return {
    set,
    clear: (timer) => {
      unheard.delete(timer)
      timers.clear(timer)
    }
  }
})
