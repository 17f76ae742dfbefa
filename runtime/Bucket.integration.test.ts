import { create, toBinary } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import { freshNatsUrl, natsUrl } from '../deploy/local/testing/services.ts'
import { LeaseSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { Buckets } from './Bucket.ts'
import { PULL_BYTES } from './limits.ts'
import { Nats } from './Nats.ts'
import { runtimeLayer, testSettings } from './testing/runtimeLayer.ts'

it.live('all entries of a bucket, those removed left out; a write with an old revision is refused', () =>
  Effect.gen(function* () {
    const { leases } = yield* Buckets
    expect(yield* leases.all).toEqual([])
    const first = yield* leases.create('a', create(LeaseSchema, { node: 'x' }))
    const second = yield* leases.create('b', create(LeaseSchema, { node: 'y' }))
    yield* leases.update('a', create(LeaseSchema, { node: 'z' }), first)
    expect((yield* Effect.flip(leases.update('a', create(LeaseSchema, {}), first)))._tag).toBe('RevisionConflict')
    expect((yield* Effect.flip(leases.create('b', create(LeaseSchema, {}))))._tag).toBe('RevisionConflict')
    expect((yield* Effect.flip(leases.remove('a', first)))._tag).toBe('RevisionConflict')
    yield* leases.remove('b', second)
    expect((yield* leases.all).map(({ key, value }) => [key, value.node])).toEqual([['a', 'z']])
    expect(yield* leases.create('b', create(LeaseSchema, {}))).toBeGreaterThan(second)
  }).pipe(Effect.provide(runtimeLayer(testSettings(natsUrl())))))

it.live('an entry that cannot be read is passed over', () =>
  Effect.gen(function* () {
    const { leases } = yield* Buckets
    const { connection } = yield* Nats
    yield* leases.create('a', create(LeaseSchema, { node: 'x' }))
    yield* Effect.promise(() => connection.jetstream().publish('$KV.leases.broken', new Uint8Array([0xff])))
    expect((yield* leases.all).map(({ key }) => key)).toEqual(['a'])
  }).pipe(Effect.provide(runtimeLayer(testSettings(freshNatsUrl())))))

it.live('a watch that fails leaves no reader behind, though the scope that it was made in goes on', () =>
  Effect.gen(function* () {
    const { leases } = yield* Buckets
    const { connection, manager } = yield* Nats
    const jetStream = connection.jetstream()
    const entry = toBinary(LeaseSchema, create(LeaseSchema, { node: 'n'.repeat(10_000) }))
    yield* Effect.promise(() => Promise.all(Array.from({ length: 3 * PULL_BYTES / entry.length }, (_, key) => jetStream.publish(`$KV.leases.${key}`, entry))))
    // With the first entry those beyond the first pull are taken away: the watch waits for what never comes.
    const failed = yield* Effect.flip(leases.watch(() => void manager.streams.purge('KV_leases')))
    expect(failed._tag).toBe('LogUnavailable')
    expect((yield* Effect.promise(() => manager.streams.info('KV_leases'))).state.consumer_count).toBe(0)
  }).pipe(Effect.scoped, Effect.provide(runtimeLayer(testSettings(freshNatsUrl())))), 30_000)
