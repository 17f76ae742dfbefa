import { expect, it } from '@effect/vitest'
import { Deferred, Effect, Fiber, Layer } from 'effect'
import { freshNatsUrl, startNats } from '../deploy/local/testing/services.ts'
import { Buckets } from './Bucket.ts'
import { Claims } from './Claims.ts'
import { Host } from './Host.ts'
import { newId } from './ids.ts'
import { LET_HINTS_GO_MS } from './limits.ts'
import { counter } from './testing/counter.ts'
import { feed, numbers, ownerOf, until, untilCounted, wantCounter } from './testing/counterWorld.ts'
import { testNodeLayer, testSettings } from './testing/runtimeLayer.ts'

/** Claims whose answers, once NATS has stored them, come when `answer` is there. */
const slowClaims = (claimed: { key: string | undefined }, answer: Deferred.Deferred<void>) =>
  Layer.effect(
    Claims,
    Effect.map(Claims, (claims) =>
      Claims.of({
        ...claims,
        claim: (key) =>
          Effect.tap(claims.claim(key), () => {
            claimed.key = key
            return Deferred.await(answer)
          })
      })
    )
  )

it.live('a claim whose answer comes only after its node has drained is given up then', () =>
  Effect.gen(function* () {
    const claimed: { key: string | undefined } = { key: undefined }
    const answer = yield* Deferred.make<void>()
    const node = testNodeLayer(testSettings(freshNatsUrl(), { drain_ms: 100 }))
    yield* Effect.gen(function* () {
      const id = newId()
      yield* wantCounter(id)
      yield* until('it is claimed', Effect.sync(() => claimed.key === `counter.${id}`))
      const host = yield* Host
      yield* host.drain
      yield* Deferred.succeed(answer, undefined)
      yield* until('nobody has the lease', Effect.map(ownerOf(id), (owner) => owner === undefined), 3_000)
      expect(host.active()).toEqual([])
      yield* until('the node lives on', Effect.map((yield* Buckets).nodes.get('test'), (entry) => entry?.value.draining))
    }).pipe(Effect.provide(Layer.provideMerge(Host.layer(counter), Layer.provideMerge(slowClaims(claimed, answer), node))), Effect.scoped)
  }), 30_000)

it.live('a drain takes no longer than it may where the connection leads nowhere', () =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(Effect.promise(() => startNats()), (started) => Effect.promise(() => started.stop()))
    const drain_ms = 300
    yield* Effect.gen(function* () {
      const [host, id] = [yield* Host, newId()]
      yield* wantCounter(id)
      yield* until('it is here', Effect.sync(() => host.active().includes(id)))
      yield* feed(id, numbers(0, 5))
      yield* untilCounted(id, 5)
      yield* Effect.promise(() => server.freeze())
      const asked_ms = performance.now()
      yield* host.drain
      const took_ms = performance.now() - asked_ms
      server.thaw()
      expect(took_ms).toBeLessThan(drain_ms + LET_HINTS_GO_MS + 2_000)
    }).pipe(Effect.provide(Layer.provideMerge(Host.layer(counter), testNodeLayer(testSettings(server.url, { drain_ms })))), Effect.scoped)
  }).pipe(Effect.scoped), 30_000)

it.live('what an actor wants done ends before its lease is given up, while what it holds is still being closed', () =>
  Effect.gen(function* () {
    const seen = { ended: false, closing: false }
    const closed = yield* Deferred.make<void>()
    const slow: typeof counter = {
      ...counter,
      performer: Effect.fnUntraced(function* (owned, send, ended) {
        yield* Effect.forkScoped(Effect.andThen(ended, Effect.sync(() => (seen.ended = true))))
        yield* Effect.addFinalizer(() => {
          seen.closing = true
          return Deferred.await(closed)
        })
        return yield* counter.performer(owned, send, ended)
      })
    }
    yield* Effect.gen(function* () {
      const [host, id] = [yield* Host, newId()]
      yield* wantCounter(id)
      yield* feed(id, numbers(0, 5))
      yield* untilCounted(id, 5)
      expect(seen).toEqual({ ended: false, closing: false })
      const drained = yield* Effect.forkScoped(host.drain)
      yield* until('nobody has the lease', Effect.map(ownerOf(id), (owner) => owner === undefined))
      expect(seen.ended).toBe(true)
      yield* until('it closes', Effect.sync(() => seen.closing))
      expect(host.active()).toEqual([id])
      yield* Deferred.succeed(closed, undefined)
      yield* Fiber.join(drained)
      expect(host.active()).toEqual([])
    }).pipe(Effect.ensuring(Deferred.succeed(closed, undefined)), Effect.provide(Layer.provideMerge(Host.layer(slow), testNodeLayer(testSettings(freshNatsUrl())))), Effect.scoped)
  }), 30_000)
