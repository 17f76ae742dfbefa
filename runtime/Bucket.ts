import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { Context, Deferred, Effect, Exit, Layer, Scope } from 'effect'
import type { KV, KvEntry } from 'nats'
import { LeaseSchema, NodeStateSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { StreamStateSchema } from '../proto/gen/millrace/v1/stream_state_pb.js'
import { LogUnavailable, RevisionConflict } from './errors.ts'
import { API_TIMEOUT_MS } from './limits.ts'
import { apiCode, ask, Nats } from './Nats.ts'
import { type Delivery, type LogEntry, PullReader } from './PullReader.ts'

/** What a bucket holds under a key. */
export interface BucketEntry<T> {
  readonly key: string
  readonly value: T
  readonly revision: number
}

/** A change seen by a watcher; `value` is absent when the key was removed. */
export type BucketChange<T> = BucketEntry<T> | { readonly key: string; readonly revision: number; readonly value?: never }

const isEntry = <T>(change: BucketChange<T>): change is BucketEntry<T> => change.value !== undefined

/** A key-value bucket of one message type. Every write names the revision that it replaces. */
export interface Bucket<D extends DescMessage> {
  readonly get: (key: string) => Effect.Effect<BucketEntry<MessageShape<D>> | undefined, LogUnavailable>
  /** Writes a key that is not there; resolves with its revision. */
  readonly create: (key: string, value: MessageShape<D>) => Effect.Effect<number, RevisionConflict | LogUnavailable>
  /** Writes a key whose revision is `revision`; resolves with the new one. */
  readonly update: (key: string, value: MessageShape<D>, revision: number) => Effect.Effect<number, RevisionConflict | LogUnavailable>
  readonly remove: (key: string, revision: number) => Effect.Effect<void, RevisionConflict | LogUnavailable>
  readonly all: Effect.Effect<ReadonlyArray<BucketEntry<MessageShape<D>>>, LogUnavailable>
  /** Calls back with every entry there is, then resolves; goes on with every change until the scope closes. One that fails leaves nothing behind. */
  readonly watch: (onChange: (change: BucketChange<MessageShape<D>>) => void) => Effect.Effect<void, LogUnavailable, Scope.Scope>
}

/** The bucket of heartbeats. */
export type NodeStateBucket = Bucket<typeof NodeStateSchema>

/** The three buckets of the topology. */
export class Buckets extends Context.Service<Buckets, {
  /** `{streamId}` → what is wanted of a stream. */
  readonly streams: Bucket<typeof StreamStateSchema>
  /** `{node}` → heartbeat. */
  readonly nodes: NodeStateBucket
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
        streams: bucketOf(nats, 'streams', yield* open('streams'), StreamStateSchema),
        nodes: bucketOf(nats, 'nodes', yield* open('nodes'), NodeStateSchema),
        leases: bucketOf(nats, 'leases', yield* open('leases'), LeaseSchema)
      })
    })
  )
}

const CONFLICTS = new Set([10071, 10164])

const bucketOf = <D extends DescMessage>(nats: Nats['Service'], bucket: string, kv: KV, schema: D): Bucket<D> => {
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
    all: Effect.suspend(() => {
      const entries = new Map<string, BucketEntry<MessageShape<D>>>()
      const collect = (change: BucketChange<MessageShape<D>>): void => {
        if (isEntry(change)) entries.set(change.key, change)
        else entries.delete(change.key)
      }
      return watch(nats, bucket, schema, collect).pipe(Effect.scoped, Effect.map(() => [...entries.values()]))
    }),
    watch: (onChange) =>
      Effect.gen(function* () {
        const reading = yield* Scope.fork(yield* Effect.scope)
        yield* watch(nats, bucket, schema, onChange).pipe(Scope.provide(reading), Effect.onError((cause) => Scope.close(reading, Exit.failCause(cause))))
      })
  }
}

/**
 * Reads a bucket as the log that it is: it holds the newest entry of each key, so from its first message on come all
 * values and then every change. By pull, like all our readers: the client's own watch gives up for good when its
 * consumer cannot be made again, and is deaf for 10 s after a server's restart.
 */
const watch = <D extends DescMessage>(nats: Nats['Service'], bucket: string, schema: D, onChange: (change: BucketChange<MessageShape<D>>) => void): Effect.Effect<void, LogUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const log = `KV_${bucket}`
    const prefix = `$KV.${bucket}.`
    const context = yield* Effect.context()
    const complete = yield* Deferred.make<void>()
    const { state } = yield* ask(`watch ${bucket}`, () => nats.manager.streams.info(log))
    const onEntry = (entry: LogEntry, { headers, pending }: Delivery): void => {
      const key = entry.subject.slice(prefix.length)
      const removed = headers?.has('KV-Operation') === true
      const value = removed ? undefined : readable(entry)
      if (value !== undefined) onChange({ key, revision: entry.seq, value })
      if (removed) onChange({ key, revision: entry.seq })
      if (pending === 0) Deferred.doneUnsafe(complete, Effect.void)
    }
    // One that somebody else wrote must not break the connection that it comes by.
    const readable = ({ seq, data }: LogEntry): MessageShape<D> | undefined => {
      try {
        return fromBinary(schema, data)
      } catch (error) {
        onTrouble(`entry ${seq} cannot be read: ${String(error)}`)
        return undefined
      }
    }
    const onTrouble = (reason: string): void => {
      Effect.runForkWith(context)(Effect.logWarning('bucket watch', { bucket, reason }))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => new PullReader(nats, { at: { log, subject: `${prefix}>` }, from: 1, manual: false, onEntry, onTrouble })),
      (reader) => Effect.promise(() => reader.close())
    )
    if (state.messages === 0) return
    yield* Deferred.await(complete).pipe(
      Effect.timeoutOrElse({ duration: API_TIMEOUT_MS, orElse: () => new LogUnavailable({ operation: `watch ${bucket}`, reason: 'no answer' }) })
    )
  })
