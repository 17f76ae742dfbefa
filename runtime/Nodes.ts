import { create } from '@bufbuild/protobuf'
import { Clock, Context, Deferred, Effect, Layer, type Scope } from 'effect'
import { type NodeState, NodeStateSchema } from '../proto/gen/millrace/v1/node_pb.js'
import type { ActorFigures } from './actorFigures.ts'
import { type BucketChange, Buckets, type NodeStateBucket } from './Bucket.ts'
import { listen } from './callbacks.ts'
import { LogUnavailable } from './errors.ts'
import { newId } from './ids.ts'
import { BEAT_MS_MAX } from './limits.ts'
import { BEATS_PER_LEASE, forgetNode, isGone, isHealthy, type Liveness, liveNodes, newLiveness, renewed, sawNode } from './liveness.ts'
import { RuntimeSettings, type RuntimeSettingsShape } from './RuntimeSettings.ts'

/** What this node says of itself in its heartbeats. */
export interface NodeReport {
  active: number
  draining: boolean
  /** Viewers of each stream at this node's edge. */
  viewers: Readonly<Record<string, number>>
  /** How each actor that this node owns keeps up, by id. */
  actors: Readonly<Record<string, ActorFigures>>
  /** Streams whose publishers this node's edge hears. */
  publishing: ReadonlyArray<string>
}

/** This node's heartbeat, and what it sees of the other nodes'. */
export class Nodes extends Context.Service<Nodes, {
  readonly node: string
  readonly incarnation: string
  /** Changed in place by whoever has something to report; the next heartbeat carries it. */
  readonly report: NodeReport
  /** Calls `fill` before each heartbeat, to bring the report up to date, until the returned function is called. */
  readonly beforeBeat: (fill: () => void) => () => void
  /** Whether that process is gone, given that it was alive at `since_ms` of this node's monotonic clock. */
  readonly isGone: (node: string, incarnation: string, since_ms: number) => boolean
  /** Whether this node's own heartbeats go through and come back. */
  readonly isHealthy: () => boolean
  /** Calls back when they come back after a gap in which whatever was waited for may have had no way to come, until the returned function is called. */
  readonly onRegained: (callback: () => void) => () => void
  /** Calls back each time one comes back, until the returned function is called. */
  readonly onHeard: (callback: () => void) => () => void
  /** What every live node, this one included, said last. */
  readonly live: () => ReadonlyArray<NodeState>
}>()('millrace/runtime/Nodes') {
  /** Complete once this node has seen its own first heartbeat. */
  static readonly layer = Layer.effect(
    Nodes,
    Effect.gen(function* () {
      const settings = yield* RuntimeSettings
      const { nodes } = yield* Buckets
      const incarnation = newId()
      const report: NodeReport = { active: 0, draining: false, viewers: {}, actors: {}, publishing: [] }
      const fills = new Set<() => void>()
      const seen = yield* Deferred.make<void>()
      const said = new Map<string, NodeState>()
      const regained = new Set<() => void>()
      const beats = new Set<() => void>()
      let state = newLiveness(settings.lease_ms)
      yield* nodes.watch((change) => {
        const { healthySince_ms: before_ms, renewed_ms } = state
        state = heard(state, change, { node: settings.node, incarnation }, performance.now())
        if (change.value === undefined) said.delete(change.key)
        else said.set(change.key, change.value)
        if (before_ms !== undefined && state.healthySince_ms !== before_ms) regained.forEach((callback) => callback())
        if (state.renewed_ms !== renewed_ms) beats.forEach((callback) => callback())
        if (state.healthySince_ms !== undefined) Deferred.doneUnsafe(seen, Effect.void)
      })
      const reported = Effect.suspend(() => Effect.as(Effect.forEach([...fills], filled, { discard: true }), report))
      yield* beat(nodes, settings, incarnation, reported)
      yield* Deferred.await(seen).pipe(
        Effect.timeoutOrElse({ duration: FIRST_BEAT_MS, orElse: () => new LogUnavailable({ operation: 'first heartbeat', reason: 'it did not come back' }) })
      )
      return Nodes.of({
        node: settings.node,
        incarnation,
        report,
        beforeBeat: (fill) => listen(fills, fill),
        isGone: (node, other, since_ms) => isGone(state, node, other, since_ms, performance.now()),
        isHealthy: () => isHealthy(state, performance.now()),
        onRegained: (callback) => listen(regained, callback),
        onHeard: (callback) => listen(beats, callback),
        live: () => liveNodes(state, performance.now()).map((node) => said.get(node)).filter((value) => value !== undefined)
      })
    })
  )
}

const FIRST_BEAT_MS = 10_000

/** Whoever has a defect in what it reports must not take the heartbeats with it. */
const filled = (fill: () => void): Effect.Effect<void> => Effect.catchDefect(Effect.sync(fill), (defect) => Effect.logError('defect in what a node reports', defect))

/** A heartbeat that comes back to its sender shows that both ways are open. */
const heard = (state: Liveness, change: BucketChange<NodeState>, own: { readonly node: string; readonly incarnation: string }, now_ms: number): Liveness => {
  if (change.value === undefined) return forgetNode(state, change.key)
  const next = sawNode(state, change.key, change.value.incarnation, now_ms)
  return change.key === own.node && change.value.incarnation === own.incarnation ? renewed(next, now_ms) : next
}

/** Renews the node's entry for ever, by the revision read; says goodbye when the scope closes. */
const beat = Effect.fnUntraced(function* (nodes: NodeStateBucket, settings: RuntimeSettingsShape, incarnation: string, reported: Effect.Effect<NodeReport>): Effect.fn.Return<void, LogUnavailable, Scope.Scope> {
  const startedAtMs = BigInt(yield* Clock.currentTimeMillis)
  const interval_ms = Math.min(settings.lease_ms / BEATS_PER_LEASE, BEAT_MS_MAX)
  let revision = (yield* nodes.get(settings.node))?.revision
  let beats = 0n
  const stateOf = ({ publishing, ...report }: NodeReport) =>
    create(NodeStateSchema, { node: settings.node, incarnation, beat: beats++, roles: [...settings.roles], capacity: settings.capacity, startedAtMs, ...report, publishing: [...publishing] })
  const renew = Effect.gen(function* () {
    const state = stateOf(yield* reported)
    revision = revision === undefined ? yield* nodes.create(settings.node, state) : yield* nodes.update(settings.node, state, revision)
  })
  const readAgain = Effect.gen(function* () {
    const found = yield* nodes.get(settings.node)
    if (found !== undefined && found.value.incarnation !== incarnation && beats > 1n) {
      yield* Effect.logWarning('another process has the name of this node', { node: settings.node })
    }
    revision = found?.revision
  })
  let failing = false
  // Only changes are worth a line: heartbeats come several times a second.
  const tell = (reason: string | undefined): Effect.Effect<void> => {
    const before = failing
    failing = reason !== undefined
    if (failing === before) return Effect.void
    return failing ? Effect.logWarning('heartbeats fail', { reason }) : Effect.logInfo('heartbeats go through again')
  }
  const attempt = renew.pipe(
    Effect.catchTag('RevisionConflict', () => Effect.andThen(readAgain, renew)),
    Effect.timeoutOrElse({ duration: settings.lease_ms, orElse: () => new LogUnavailable({ operation: 'heartbeat', reason: 'no answer' }) }),
    Effect.match({ onSuccess: () => undefined, onFailure: (error) => (error._tag === 'LogUnavailable' ? error.reason : error._tag) }),
    Effect.flatMap(tell)
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(attempt, Effect.sleep(interval_ms))))
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => (revision === undefined ? Effect.void : nodes.remove(settings.node, revision))).pipe(
      Effect.timeout(settings.lease_ms),
      Effect.catch((error) => Effect.logDebug('no goodbye', { reason: String(error) }))
    )
  )
})
