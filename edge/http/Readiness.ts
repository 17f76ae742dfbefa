import { Context, Effect, Layer } from 'effect'
import type { Scope } from 'effect'
import { READINESS_TIMEOUT_MS } from '../limits.ts'

/** Fails with the reason, for people and without secrets, while the dependency cannot be used. */
export type ReadinessCheck = Effect.Effect<void, string>

/** One dependency, as last looked at. */
export interface Dependency {
  readonly name: string
  readonly ready: boolean
  readonly reason?: string
  readonly took_ms: number
}

/** What this process depends on. Whoever uses a dependency registers how to look whether it is there. */
export class Readiness extends Context.Service<Readiness, {
  /** Registers a check under the dependency's name until the scope closes. */
  readonly register: (name: string, check: ReadinessCheck) => Effect.Effect<void, never, Scope.Scope>
  /** Runs all checks at once, each for a bounded time. */
  readonly look: Effect.Effect<ReadonlyArray<Dependency>>
}>()('millrace/edge/http/Readiness') {
  static readonly layer = Layer.sync(Readiness, () => {
    const checks = new Map<string, ReadinessCheck>()
    return Readiness.of({
      register: (name, check) =>
        Effect.acquireRelease(
          Effect.sync(() => void checks.set(name, check)),
          () => Effect.sync(() => checks.get(name) === check && checks.delete(name))
        ),
      look: Effect.suspend(() => Effect.forEach([...checks], ([name, check]) => lookAt(name, check), { concurrency: 'unbounded' }))
    })
  })
}

const lookAt = Effect.fnUntraced(function* (name: string, check: ReadinessCheck) {
  const begun_ms = performance.now()
  const reason = yield* check.pipe(
    Effect.timeoutOrElse({ duration: READINESS_TIMEOUT_MS, orElse: () => Effect.fail(`no answer within ${READINESS_TIMEOUT_MS} ms`) }),
    Effect.match({ onFailure: (why) => why, onSuccess: () => undefined })
  )
  const took_ms = Math.round(performance.now() - begun_ms)
  return reason === undefined ? { name, ready: true, took_ms } : { name, ready: false, reason, took_ms }
})
