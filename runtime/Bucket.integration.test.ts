import { create } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import { natsUrl } from '../deploy/local/testing/services.ts'
import { LeaseSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { Buckets } from './Bucket.ts'
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
