import { Effect, type Scope } from 'effect'

/** An actor's timers, by name. */
export interface Timers {
  /** Starts a timer, in place of the one of that name. */
  readonly set: (name: string, after_ms: number, onElapsed: () => void) => void
  readonly clear: (name: string) => void
}

/** Timers that end with the scope. */
export const makeTimers: Effect.Effect<Timers, never, Scope.Scope> = Effect.gen(function* () {
  const timers = new Map<string, NodeJS.Timeout>()
  const clear = (name: string): void => {
    clearTimeout(timers.get(name))
    timers.delete(name)
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => [...timers.keys()].forEach(clear)))
  return {
    clear,
    set: (name, after_ms, onElapsed) => {
      clear(name)
      timers.set(name, setTimeout(() => {
        timers.delete(name)
        onElapsed()
      }, after_ms))
    }
  }
})
