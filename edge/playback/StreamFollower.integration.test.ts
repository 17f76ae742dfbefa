import { Deferred, Effect, Fiber, Layer } from 'effect'
import { expect, it } from '@effect/vitest'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { LogUnavailable } from '../../runtime/errors.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { runtimeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { MediaWriter } from '../testing/MediaWriter.ts'
import { StreamFollower } from './StreamFollower.ts'

/** The log, whose first answer about a head is none, and comes when `gate` says so. */
const withUnansweredHead = (gate: Deferred.Deferred<void>) =>
  Layer.effect(
    Log,
    Effect.map(Log, (log) => {
      let asked = 0
      const unanswered = Effect.andThen(Deferred.await(gate), Effect.fail(new LogUnavailable({ operation: 'head', reason: 'no answer' })))
      return Log.of({ ...log, head: (at) => (asked++ === 0 ? unanswered : log.head(at)) })
    })
  )

it.live('a viewer who asks in vain takes nothing from those who follow the stream', () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    yield* Effect.gen(function* () {
      const log = yield* Log
      const follower = yield* StreamFollower
      const id = newId()
      yield* new MediaWriter(log.appender(log.subject('media', id), 0), [], 30).takeOver()
      const vain = yield* Effect.forkChild(Effect.result(Effect.scoped(follower.follow(id))))
      yield* Effect.yieldNow
      const followed = yield* follower.follow(id)
      yield* Deferred.succeed(gate, undefined)
      expect((yield* Fiber.join(vain))._tag).toBe('Failure')
      expect((yield* follower.follow(id)) === followed).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(StreamFollower.layer.pipe(Layer.provideMerge(withUnansweredHead(gate)), Layer.provideMerge(runtimeLayer(testSettings(natsUrl()))))))
  }))
