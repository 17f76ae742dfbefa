import { Context, Effect, Layer } from 'effect'
import type { Scope } from 'effect'
import { READINESS_TIMEOUT_MS } from '../limits.ts'

/** Fails with the reason, for people and without secrets, while the dependency cannot be used. */
export type ReadinessCheck = Effect.Effect<void, string>

/** One dependency, as last looked at. `needed`: without it this process serves nobody, and others may. */
export interface Dependency {
  readonly name: string
  readonly ready: boolean
  readonly needed: boolean
  readonly reason?: string
  readonly took_ms: number
}

/**
 * What this process depends on. Whoever uses a dependency registers how to look whether it is there. A process is ready
 * while it has what is needed of it alone; what all processes share and live streams go on without is only named:
 * were it needed, a balancer would take all of them out at once, with every viewer.
 */
export class Readiness extends Context.Service<Readiness, {
  /** Registers a check under the dependency's name until the scope closes. */
  readonly register: (name: string, check: ReadinessCheck, needed: 'needed' | 'named') => Effect.Effect<void, never, Scope.Scope>
  /** Runs all checks at once, each for a bounded time. */
  readonly look: Effect.Effect<ReadonlyArray<Dependency>>
}>()('millrace/edge/http/Readiness') {
  static readonly layer = Layer.sync(Readiness, () => {
    const checks = new Map<string, { readonly check: ReadinessCheck; readonly needed: boolean }>()
    return Readiness.of({
      register: (name, check, needed) =>
        Effect.acquireRelease(
          Effect.sync(() => void checks.set(name, { check, needed: needed === 'needed' })),
          () => Effect.sync(() => checks.get(name)?.check === check && checks.delete(name))
        ),
      look: Effect.suspend(() => Effect.forEach([...checks], ([name, { check, needed }]) => lookAt(name, check, needed), { concurrency: 'unbounded' }))
    })
  })
}

const lookAt = Effect.fnUntraced(function* (name: string, check: ReadinessCheck, needed: boolean) {
  const begun_ms = performance.now()
  const reason = yield* check.pipe(
    Effect.timeoutOrElse({ duration: READINESS_TIMEOUT_MS, orElse: () => Effect.fail(`no answer within ${READINESS_TIMEOUT_MS} ms`) }),
    Effect.match({ onFailure: (why) => why, onSuccess: () => undefined })
  )
  const took_ms = Math.round(performance.now() - begun_ms)
  return reason === undefined ? { name, ready: true, needed, took_ms } : { name, ready: false, needed, reason, took_ms }
})
