import { create } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { testNodeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { ActorRoom, actorRoom } from './ActorRoom.ts'
import { PROMISE_KEPT_MS } from './limits.ts'

it.live('a stream that begins here takes room until the bucket tells anything of it, and for a few seconds at most', () =>
  Effect.gen(function* () {
    const room = yield* ActorRoom
    const { streams } = yield* Buckets
    const untilLive = Effect.fnUntraced(function* (count: number) {
      while (room.figures().live !== count) yield* Effect.sleep(10)
    })
    const [over, silent] = [newId(), newId()]
    room.promise(over)
    expect(room.figures().live).toBe(1)
    yield* streams.create(over, create(StreamStateSchema, { streamId: over, status: StreamStatus.ENDED }))
    yield* Effect.timeout(untilLive(0), PROMISE_KEPT_MS / 2)
    const begun_ms = performance.now()
    room.promise(silent)
    room.promise(silent)
    expect(room.figures().live).toBe(1)
    yield* Effect.timeout(untilLive(0), 2 * PROMISE_KEPT_MS)
    expect(performance.now() - begun_ms).toBeGreaterThan(PROMISE_KEPT_MS - 50)
  }).pipe(Effect.provide(actorRoom.pipe(Layer.provideMerge(testNodeLayer(testSettings(natsUrl())))))))
