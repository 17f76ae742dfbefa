import { create } from '@bufbuild/protobuf'
import { Context, Effect, Layer, Schedule } from 'effect'
import { type Lease, LeaseSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { type BucketChange, type BucketEntry, Buckets } from './Bucket.ts'
import { listen } from './callbacks.ts'
import type { LogUnavailable } from './errors.ts'
import { LEASE_ATTEMPTS_MAX, LEASE_RETRY_MS } from './limits.ts'
import { Nodes } from './Nodes.ts'

/** A lease as this node last saw it, and when, by its monotonic clock. */
interface SeenLease {
  readonly lease: Lease
  readonly revision: number
  readonly at_ms: number
}

/** What came of a claim. */
export type Claimed =
  | { readonly _tag: 'Claimed'; readonly revision: number }
  /** Another node has it, or was faster. */
  | { readonly _tag: 'Taken' }

/** The leases: who owns what. Written only when an owner changes; an owner lives as long as its node's heartbeats. */
export class Claims extends Context.Service<Claims, {
  /** Claims `key` for this node, unless a node that is not gone has it. What is this node's own already is claimed anew. */
  readonly claim: (key: string) => Effect.Effect<Claimed, LogUnavailable>
  /** Gives `key` up, unless somebody else has it by now. */
  readonly giveUp: (key: string, revision: number) => Effect.Effect<void, LogUnavailable>
  /** Whether `key` could be claimed, as far as this node has seen. */
  readonly isFree: (key: string) => boolean
  /** Whether this node has `key` under that revision, as far as it has seen. */
  readonly holds: (key: string, revision: number) => boolean
  /** Keys whose owner is gone. */
  readonly orphans: () => ReadonlyArray<string>
  /** Removes the lease of an owner that is gone, where nobody wants its actor any more. */
  readonly discard: (key: string) => Effect.Effect<void, LogUnavailable>
  /** Calls back with each key that another node takes, and the revision of its lease, until the returned function is called. */
  readonly onTaken: (callback: (key: string, revision: number) => void) => () => void
  /** Calls back with each key whose owner gave it up, and that owner's node, until the returned function is called. */
  readonly onGivenUp: (callback: (key: string, node: string) => void) => () => void
}>()('millrace/runtime/Claims') {
  static readonly layer = Layer.effect(
    Claims,
    Effect.gen(function* () {
      const nodes = yield* Nodes
      const { leases } = yield* Buckets
      const seen = new Map<string, SeenLease>()
      const takenCallbacks = new Set<(key: string, revision: number) => void>()
      const givenUpCallbacks = new Set<(key: string, node: string) => void>()
      const isOurs = (lease: Lease): boolean => lease.node === nodes.node && lease.incarnation === nodes.incarnation
      const isOrphan = ({ lease, at_ms }: SeenLease): boolean =>
        lease.node !== '' && !isOurs(lease) && nodes.isGone(lease.node, lease.incarnation, at_ms)
      const isFree = (found: SeenLease | undefined): boolean =>
        found === undefined || found.lease.node === '' || isOurs(found.lease) || isOrphan(found)
      yield* leases.watch((change) => {
        const owner = seen.get(change.key)?.lease.node
        remember(seen, change)
        if (change.value === undefined) {
          if (owner !== undefined) givenUpCallbacks.forEach((callback) => callback(change.key, owner))
        } else if (change.value.node !== '' && !isOurs(change.value)) takenCallbacks.forEach((callback) => callback(change.key, change.revision))
      })
      const remove = (key: string, revision: number): Effect.Effect<void, LogUnavailable> =>
        Effect.catchTag(leases.remove(key, revision), 'RevisionConflict', () => Effect.void)
      const claim = Effect.fnUntraced(function* (key: string): Effect.fn.Return<Claimed, LogUnavailable> {
        const held = yield* leases.get(key)
        if (held !== undefined && !isFree(agreeing(seen.get(key), held))) return { _tag: 'Taken' }
        const lease = create(LeaseSchema, { node: nodes.node, incarnation: nodes.incarnation })
        const write = held === undefined ? leases.create(key, lease) : leases.update(key, lease, held.revision)
        return yield* write.pipe(
          Effect.map((revision): Claimed => ({ _tag: 'Claimed', revision })),
          Effect.catchTag('RevisionConflict', () => Effect.succeed<Claimed>({ _tag: 'Taken' })),
          Effect.catchTag('LogUnavailable', (error) => Effect.flatMap(insist(leases.get(key)), (now) => outcome(error, held?.revision, now)))
        )
      })
      /** A claim whose answer was lost is ours where the lease says so. */
      const outcome = (error: LogUnavailable, before: number | undefined, now: BucketEntry<Lease> | undefined): Effect.Effect<Claimed, LogUnavailable> =>
        now !== undefined && now.revision !== before && isOurs(now.value) ? Effect.succeed({ _tag: 'Claimed', revision: now.revision }) : Effect.fail(error)
      return Claims.of({
        claim,
        giveUp: (key, revision) => insist(remove(key, revision)),
        discard: (key) =>
          Effect.suspend(() => {
            const found = seen.get(key)
            return found !== undefined && isOrphan(found) ? remove(key, found.revision) : Effect.void
          }),
        isFree: (key) => isFree(seen.get(key)),
        holds: (key, revision) => seen.get(key)?.revision === revision,
        orphans: () => [...seen].filter(([, lease]) => isOrphan(lease)).map(([key]) => key),
        onTaken: (callback) => listen(takenCallbacks, callback),
        onGivenUp: (callback) => listen(givenUpCallbacks, callback)
      })
    })
  )
}

/** Asks until there is an answer: until then nobody else would do anything about the lease. */
const insist = <A>(request: Effect.Effect<A, LogUnavailable>): Effect.Effect<A, LogUnavailable> =>
  Effect.retry(request, { times: LEASE_ATTEMPTS_MAX - 1, schedule: Schedule.spaced(LEASE_RETRY_MS) })

const remember = (seen: Map<string, SeenLease>, change: BucketChange<Lease>): void => {
  if (change.value === undefined) seen.delete(change.key)
  else seen.set(change.key, { lease: change.value, revision: change.revision, at_ms: performance.now() })
}

/** A lease just read counts as seen now, unless the watch has shown the same one earlier. */
const agreeing = (known: SeenLease | undefined, held: BucketEntry<Lease>): SeenLease =>
  known?.revision === held.revision ? known : { lease: held.value, revision: held.revision, at_ms: performance.now() }
