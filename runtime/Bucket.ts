import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { Context, Effect, Layer, type Scope } from 'effect'
import type { KV, KvEntry } from 'nats'
import { LeaseSchema, NodeStateSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { StreamStateSchema } from '../proto/gen/millrace/v1/stream_state_pb.js'
import { LogUnavailable, RevisionConflict } from './errors.ts'
import { API_TIMEOUT_MS } from './limits.ts'
import { apiCode, ask, Nats } from './Nats.ts'

/** What a bucket holds under a key. */
export interface BucketEntry<T> {
  readonly key: string
  readonly value: T
  readonly revision: number
}

/** A change seen by a watcher; `value` is absent when the key was removed. */
export type BucketChange<T> = BucketEntry<T> | { readonly key: string; readonly revision: number; readonly value?: never }

/** A key-value bucket of one message type. Every write names the revision that it replaces. */
export interface Bucket<D extends DescMessage> {
  readonly get: (key: string) => Effect.Effect<BucketEntry<MessageShape<D>> | undefined, LogUnavailable>
  /** Writes a key that is not there; resolves with its revision. */
  readonly create: (key: string, value: MessageShape<D>) => Effect.Effect<number, RevisionConflict | LogUnavailable>
  /** Writes a key whose revision is `revision`; resolves with the new one. */
  readonly update: (key: string, value: MessageShape<D>, revision: number) => Effect.Effect<number, RevisionConflict | LogUnavailable>
  readonly remove: (key: string, revision: number) => Effect.Effect<void, RevisionConflict | LogUnavailable>
  readonly all: Effect.Effect<ReadonlyArray<BucketEntry<MessageShape<D>>>, LogUnavailable>
  /** Calls back with every entry there is, then resolves; goes on with every change until the scope closes. */
  readonly watch: (onChange: (change: BucketChange<MessageShape<D>>) => void) => Effect.Effect<void, LogUnavailable, Scope.Scope>
}

/** The three buckets of the topology. */
export class Buckets extends Context.Service<Buckets, {
  /** `{streamId}` → what is wanted of a stream. */
  readonly streams: Bucket<typeof StreamStateSchema>
  /** `{node}` → heartbeat. */
  readonly nodes: Bucket<typeof NodeStateSchema>
  /** `{kind}.{id}` → owner. */
  readonly leases: Bucket<typeof LeaseSchema>
}>()('millrace/runtime/Buckets') {
  static readonly layer = Layer.effect(
    Buckets,
    Effect.gen(function* () {
      const nats = yield* Nats
      const open = (name: string): Effect.Effect<KV, LogUnavailable> =>
        ask(`bucket ${name}`, () => nats.connection.jetstream({ timeout: API_TIMEOUT_MS }).views.kv(name, { bindOnly: true, allow_direct: false }))
      return Buckets.of({
        streams: bucketOf('streams', yield* open('streams'), StreamStateSchema),
        nodes: bucketOf('nodes', yield* open('nodes'), NodeStateSchema),
        leases: bucketOf('leases', yield* open('leases'), LeaseSchema)
      })
    })
  )
}

const CONFLICTS = new Set([10071, 10164])

const bucketOf = <D extends DescMessage>(bucket: string, kv: KV, schema: D): Bucket<D> => {
  const decode = (entry: KvEntry): BucketEntry<MessageShape<D>> => ({ key: entry.key, value: fromBinary(schema, entry.value), revision: entry.revision })
  const live = (entry: KvEntry): boolean => entry.operation === 'PUT'
  const write = <A>(key: string, operation: string, request: () => Promise<A>): Effect.Effect<A, RevisionConflict | LogUnavailable> =>
    Effect.tryPromise({
      try: request,
      catch: (cause) => CONFLICTS.has(apiCode(cause) ?? 0) ? new RevisionConflict({ bucket, key }) : new LogUnavailable({ operation: `${operation} ${bucket}/${key}`, reason: String(cause) })
    })
  const get = (key: string): Effect.Effect<BucketEntry<MessageShape<D>> | undefined, LogUnavailable> =>
    Effect.map(ask(`get ${bucket}/${key}`, () => kv.get(key)), (entry) => (entry !== null && live(entry) ? decode(entry) : undefined))
  return {
    get,
    create: (key, value) => write(key, 'create', () => kv.create(key, toBinary(schema, value))),
    update: (key, value, revision) => write(key, 'update', () => kv.update(key, toBinary(schema, value), revision)),
    remove: (key, revision) => write(key, 'remove', () => kv.delete(key, { previousSeq: revision })),
    all: Effect.flatMap(ask(`keys of ${bucket}`, async () => Array.fromAsync(await kv.keys())), (keys) =>
      Effect.map(Effect.forEach(keys, get, { concurrency: 16 }), (entries) => entries.filter((entry) => entry !== undefined))
    ),
    watch: (onChange) =>
      Effect.acquireRelease(
        ask(`watch ${bucket}`, () => watchFrom(kv, (entry) => onChange(live(entry) ? decode(entry) : { key: entry.key, revision: entry.revision }))),
        (stop) => Effect.sync(stop)
      ).pipe(Effect.asVoid)
  }
}

const watchFrom = async (kv: KV, onEntry: (entry: KvEntry) => void): Promise<() => void> => {
  const initial = Promise.withResolvers<void>()
  const entries = await kv.watch({ initializedFn: () => initial.resolve() })
  const follow = async (): Promise<void> => {
    for await (const entry of entries) onEntry(entry)
  }
  void follow()
  const empty = (await kv.status()).values === 0
  if (!empty) await initial.promise
  return () => entries.stop()
}

