import { Effect } from 'effect'
import type { Bucket, BucketChange, BucketEntry } from '../../../runtime/Bucket.ts'
import { Buckets } from '../../../runtime/Bucket.ts'
import { LogUnavailable, RevisionConflict } from '../../../runtime/errors.ts'
import { API_TIMEOUT_MS } from '../../../runtime/limits.ts'
import type { LeaseSchema, NodeStateSchema } from '../../../proto/gen/millrace/v1/node_pb.js'
import type { StreamStateSchema } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { BucketMark, SimulatedBucket } from '../server/SimulatedBucket.ts'
import { LogReader } from './LogReader.ts'
import { caughtUp } from './logService.ts'
import type { NatsSide } from './NatsSide.ts'
import { askNats } from './request.ts'

/** The three buckets as programs know them, over the simulated server. */
export const bucketsService = (side: NatsSide): Buckets['Service'] => {
  const { streams, nodes, leases } = side.server.buckets
  return Buckets.of({
    streams: bucketOver<typeof StreamStateSchema>(side, streams),
    nodes: bucketOver<typeof NodeStateSchema>(side, nodes),
    leases: bucketOver<typeof LeaseSchema>(side, leases)
  })
}

const bucketOver = <D extends DescMessage>(side: NatsSide, bucket: SimulatedBucket): Bucket<D> => {
  type Value = MessageShape<D>
  const { process, server } = side
  const request = <A>(operation: string, apply: () => A): Effect.Effect<A, LogUnavailable> =>
    Effect.flatMap(askNats(process, server, side.weather, API_TIMEOUT_MS, apply), (outcome) =>
      outcome._tag === 'Answer' ? Effect.succeed(outcome.value) : new LogUnavailable({ operation, reason: 'no answer' }))
  const write = (key: string, value: Value | undefined, expected: number): Effect.Effect<number, RevisionConflict | LogUnavailable> =>
    Effect.flatMap(request(`write ${bucket.name}/${key}`, () => writeOn(side, bucket, key, value, expected)), (revision) =>
      revision === undefined ? new RevisionConflict({ bucket: bucket.name, key }) : Effect.succeed(revision))
  const entry = ({ key, revision, value }: BucketMark): BucketEntry<Value> => ({ key, revision, value: value as Value })
  return {
    get: (key) => Effect.map(request(`get ${bucket.name}/${key}`, () => bucket.get(key)), (mark) => (mark?.value === undefined ? undefined : entry(mark))),
    create: (key, value) => write(key, value, 0),
    update: write,
    remove: (key, revision) => Effect.asVoid(write(key, undefined, revision)),
    all: Effect.map(request(`all of ${bucket.name}`, () => bucket.all()), (marks) => marks.map(entry)),
    watch: (onChange) => watch(side, bucket, request, onChange as (change: BucketChange<unknown>) => void)
  }
}

const writeOn = (side: NatsSide, bucket: SimulatedBucket, key: string, value: unknown, expected: number): number | undefined => {
  const revision = bucket.write(key, value, expected)
  if (revision === undefined) return undefined
  if (bucket.name === 'leases') for (const witness of side.server.witnesses) witness.leased(key, value === undefined ? undefined : side.process)
  if (bucket.name !== 'nodes') side.server.world.note(`${bucket.name}: ${value === undefined ? 'removed' : 'written'}`, side.process.name, `${key} ${revision}`)
  side.server.wake(`bucket ${bucket.name}`)
  return revision
}

const watch = (
  side: NatsSide,
  bucket: SimulatedBucket,
  request: <A>(operation: string, apply: () => A) => Effect.Effect<A, LogUnavailable>,
  onChange: (change: BucketChange<unknown>) => void
) =>
  Effect.gen(function* () {
    yield* request(`watch ${bucket.name}`, () => bucket.revision)
    const told = ({ key, revision, value }: BucketMark): void => onChange(value === undefined ? { key, revision } : { key, revision, value })
    const reader = yield* Effect.acquireRelease(
      Effect.sync(() => new LogReader<BucketMark>(side, `bucket ${bucket.name}`, {
        from: 1, manual: false, onEntry: told, next: ({ revision }) => revision + 1, fetch: (cursor, limit) => bucket.from(cursor).slice(0, limit)
      })),
      (open) => Effect.sync(() => open.close())
    )
    yield* caughtUp(reader).pipe(
      Effect.timeoutOrElse({ duration: API_TIMEOUT_MS, orElse: () => new LogUnavailable({ operation: `watch ${bucket.name}`, reason: 'no answer' }) })
    )
  })
