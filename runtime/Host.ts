import { create } from '@bufbuild/protobuf'
import { Cause, Context, Deferred, Effect, Exit, Layer, Scope } from 'effect'
import { type Lease, LeaseSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { type Activation, type ActivationExit, activate } from './Activation.ts'
import type { ActorKind } from './ActorKind.ts'
import { Ask } from './Ask.ts'
import { type BucketEntry, Buckets } from './Bucket.ts'
import type { LogUnavailable } from './errors.ts'
import { CLAIM_STAGGER_MS, COMMAND_ACK_WAIT_MS, SWEEP_MS } from './limits.ts'
import { Log } from './Log.ts'
import { Nats } from './Nats.ts'
import { Nodes } from './Nodes.ts'
import { claimDelay_ms } from './placement.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { decideRestart, supervisor, type SupervisorSpec } from './supervision.ts'
import { tell } from './Tell.ts'
import { subjects } from './topology.ts'
import { WorkQueue } from './WorkQueue.ts'

/** How an actor that crashes is started again from its log. */
export const ACTOR_SUPERVISION: SupervisorSpec = { strategy: 'OneForOne', restarts: 5, period_ms: 60_000, pause_ms: 200, pauseMax_ms: 5_000 }

type HostNeeds = Log | Nats | Ask | Nodes | Buckets | WorkQueue | RuntimeSettings

/** Owns actors on this node: claims them, runs them under supervision, hands them over. */
export class Host extends Context.Service<Host, {
  readonly active: () => ReadonlyArray<string>
  /** Brings every actor to a good stop and gives its lease up, within the drain time. Idempotent. */
  readonly drain: Effect.Effect<void>
}>()('millrace/runtime/Host') {
  static readonly layer = <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>): Layer.Layer<Host, LogUnavailable, HostNeeds | Exclude<R, Scope.Scope>> =>
    Layer.effect(Host, makeHost(kind)) as Layer.Layer<Host, LogUnavailable, HostNeeds | Exclude<R, Scope.Scope>>
}

interface Running {
  readonly activation: Activation
  readonly ended: Deferred.Deferred<void>
  readonly supersede: () => void
}

const makeHost = Effect.fnUntraced(function* <Record, State, Message, Action, R>(kind: ActorKind<Record, State, Message, Action, R>) {
  const settings = yield* RuntimeSettings
  const nodes = yield* Nodes
  const buckets = yield* Buckets
  const queue = yield* WorkQueue
  const scope = yield* Effect.scope
  const context = yield* Effect.context<R | HostNeeds>()
  const running = new Map<string, Running>()
  const claiming = new Set<string>()
  const leases = new Map<string, BucketEntry<Lease>>()
  let draining = false
  const keyOf = (id: string): string => `${kind.kind}.${id}`
  const idOf = (key: string): string | undefined => (key.startsWith(`${kind.kind}.`) ? key.slice(kind.kind.length + 1) : undefined)
  const room = (): boolean => !draining && running.size + claiming.size < settings.capacity
  const isOurs = (lease: Lease): boolean => lease.node === nodes.node && lease.incarnation === nodes.incarnation
  const isFree = (lease: Lease | undefined): boolean => lease === undefined || lease.node === '' || isOurs(lease) || nodes.isGone(lease.node, lease.incarnation)

  /** Claims the actor where it is wanted, free and not here already. */
  const consider = Effect.fnUntraced(function* (id: string) {
    if (running.has(id) || claiming.has(id)) return 'Live' as const
    if (!room()) return 'NoRoom' as const
    claiming.add(id)
    const claim = Effect.gen(function* () {
      const held = yield* buckets.leases.get(keyOf(id))
      if (!isFree(held?.value)) return 'Live' as const
      if (!(yield* kind.isWanted(id))) return 'NotWanted' as const
      const lease = create(LeaseSchema, { node: nodes.node, incarnation: nodes.incarnation })
      const revision = held === undefined ? yield* buckets.leases.create(keyOf(id), lease) : yield* buckets.leases.update(keyOf(id), lease, held.revision)
      yield* Effect.forkIn(supervise(id, revision), scope)
      return 'Claimed' as const
    })
    return yield* claim.pipe(
      Effect.catchTag('RevisionConflict', () => Effect.succeed('Live' as const)),
      Effect.ensuring(Effect.sync(() => claiming.delete(id)))
    )
  })

  /** Runs activations of one actor under one lease, until it ends for this node. */
  const supervise = (id: string, revision: number) => Effect.gen(function* () {
    let state = supervisor(id)
    while (true) {
      const exit = yield* runOnce(id, revision)
      if (exit._tag !== 'Crashed') return yield* settle(id, revision, exit)
      const { state: next, step } = decideRestart(ACTOR_SUPERVISION, state, id, exit.reason, performance.now())
      if (step._tag === 'Escalate') return yield* settle(id, revision, { _tag: 'Failed', reason: step.reason })
      yield* Effect.logWarning('actor restarts', { kind: kind.kind, id, reason: exit.reason, after_ms: step.after_ms })
      state = next
      yield* Effect.sleep(step.after_ms)
    }
  }).pipe(Effect.annotateLogs({ actor: keyOf(id) }))

  const runOnce = (id: string, revision: number) => Effect.gen(function* () {
    const ended = yield* Deferred.make<void>()
    const superseded = yield* Deferred.make<ActivationExit>()
    const exit = yield* Effect.scoped(Effect.gen(function* () {
      const activation = yield* activate(kind, id, revision)
      running.set(id, { activation, ended, supersede: () => Deferred.doneUnsafe(superseded, Effect.succeed({ _tag: 'Superseded' })) })
      nodes.report.active = running.size
      if (draining) activation.drain()
      return yield* Effect.raceFirst(activation.exit, Deferred.await(superseded))
    })).pipe(Effect.exit)
    running.delete(id)
    nodes.report.active = running.size
    Deferred.doneUnsafe(ended, Effect.void)
    return Exit.isSuccess(exit) ? exit.value : ({ _tag: 'Crashed', reason: Cause.pretty(exit.cause) } as const)
  })

  /** After the last activation here: gives the lease up unless somebody else has it. */
  const settle = Effect.fnUntraced(function* (id: string, revision: number, exit: ActivationExit) {
    yield* Effect.logInfo('actor ended here', { kind: kind.kind, id, exit: exit._tag, ...('reason' in exit ? { reason: exit.reason } : {}) })
    if (exit._tag === 'Superseded') return
    if (exit._tag === 'Failed') yield* Effect.eventually(Effect.tapError(kind.onFailed(id, exit.reason), () => Effect.sleep(SWEEP_MS)))
    yield* buckets.leases.update(keyOf(id), create(LeaseSchema, {}), revision).pipe(Effect.ignore)
    if (exit._tag === 'Released') yield* Effect.ignore(tell(kind.kind, id))
  })

  const considerSoon = (id: string, delay_ms: number) =>
    Effect.forkIn(Effect.sleep(delay_ms).pipe(Effect.andThen(consider(id)), Effect.catchTag('LogUnavailable', () => Effect.void)), scope)

  const delayOf = (id: string): number => claimDelay_ms(id, nodes.node, nodes.live(), CLAIM_STAGGER_MS)

  yield* buckets.leases.watch((change) => {
    const id = idOf(change.key)
    if (id === undefined) return
    if (change.value === undefined) return void leases.delete(id)
    leases.set(id, change)
    if (change.value.node !== '' && !isOurs(change.value)) running.get(id)?.supersede()
  })

  /** Actors whose owner has just gone: looked for often, since a lease's length is what viewers may notice. */
  const watchOwners = Effect.gen(function* () {
    for (const [id, { value }] of leases) {
      if (value.node === '' || isOurs(value) || !nodes.isGone(value.node, value.incarnation) || !room()) continue
      leases.delete(id)
      yield* considerSoon(id, delayOf(id))
    }
  })
  const sweep = Effect.gen(function* () {
    if (!room()) return
    for (const id of yield* kind.wanted) {
      if (!running.has(id) && isFree(leases.get(id)?.value)) yield* considerSoon(id, delayOf(id))
    }
  }).pipe(Effect.catchTag('LogUnavailable', (error) => Effect.logWarning('sweep failed', { reason: error.reason })))

  const every = (period_ms: number, work: Effect.Effect<void, never, R | HostNeeds>) => Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(period_ms), work)))
  yield* every(settings.lease_ms / 10, watchOwners)
  yield* every(SWEEP_MS * (0.75 + Math.random() / 2), sweep)
  yield* queue.consume(
    { log: 'COMMANDS', durable: `host-${kind.kind}`, filter: subjects.command(kind.kind, '*'), concurrency: 1, ackWait_ms: COMMAND_ACK_WAIT_MS, ready: room },
    (item) =>
      consider(item.entry.subject.split('.').slice(2).join('.')).pipe(
        Effect.flatMap((outcome) => (outcome === 'NoRoom' ? item.retryIn(CLAIM_STAGGER_MS) : item.ack)),
        Effect.catchTag('LogUnavailable', () => item.retryIn(COMMAND_ACK_WAIT_MS)),
        Effect.provideContext(context)
      )
  )

  const drain = Effect.gen(function* () {
    draining = true
    nodes.report.draining = true
    const current = [...running.values()]
    for (const { activation } of current) activation.drain()
    yield* Effect.forEach(current, ({ ended }) => Deferred.await(ended), { concurrency: 'unbounded', discard: true }).pipe(
      Effect.timeout(settings.drain_ms),
      Effect.catch(() => Effect.logWarning('drain took too long', { left: running.size }))
    )
  })
  yield* Effect.addFinalizer(() => drain)
  return Host.of({ active: () => [...running.keys()], drain })
})
