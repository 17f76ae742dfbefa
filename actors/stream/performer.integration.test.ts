import { create } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Deferred, Effect, Layer } from 'effect'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { until } from '../../runtime/testing/counterWorld.ts'
import { runtimeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { Ffmpeg } from '../ffmpeg/FfmpegChild.ts'
import { mediaCodec } from './mediaCodec.ts'
import { makePerformer } from './performer.ts'
import { StreamSettings, defaultStreamSettings } from './StreamSettings.ts'

const world = Layer.mergeAll(runtimeLayer(testSettings(natsUrl())), Layer.succeed(StreamSettings, defaultStreamSettings), Ffmpeg.layer)

it.live('an owner whose activation has ended describes its stream no more, also while what it holds is still being closed', () =>
  Effect.gen(function* () {
    const id = newId()
    const buckets = yield* Buckets
    yield* buckets.streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE }))
    const seen = { asked: false, stopped: false }
    const ended = yield* Deferred.make<void>()
    const update = () => Effect.suspend(() => {
      seen.asked = true
      return Effect.onInterrupt(Effect.never, () => Effect.sync(() => (seen.stopped = true)))
    })
    const owned = { id, token: 1, head: undefined, resumeSeq: 1, attempts: 0 }
    const perform = yield* makePerformer(owned, () => undefined, Deferred.await(ended)).pipe(Effect.provideService(Buckets, { ...buckets, streams: { ...buckets.streams, update } }))
    const describe = { _tag: 'Describe', status: StreamStatus.LIVE, reason: '', record: mediaCodec.takeOver(undefined), final: false } as const
    for (let i = 0; i < 2; i++) perform(describe)
    yield* until('it describes', Effect.sync(() => seen.asked))
    seen.asked = false
    yield* Deferred.succeed(ended, undefined)
    yield* until('it stops', Effect.sync(() => seen.stopped), 3_000)
    expect(seen.asked).toBe(false)
  }).pipe(Effect.scoped, Effect.provide(world)), 30_000)
