import { create } from '@bufbuild/protobuf'
import { Clock, Context, Effect, Layer, type Scope } from 'effect'
import { NodeStateSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { Buckets } from './Bucket.ts'
import type { LogUnavailable, RevisionConflict } from './errors.ts'
import { newId } from './ids.ts'
import { forgetNode, isGone, isHealthy, type Liveness, liveNodes, newLiveness, renewed, sawNode } from './liveness.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'

/** What this node says of itself in its heartbeats. */
export interface NodeReport {
  active: number
  draining: boolean
  /** Viewers of each stream at this node's edge. */
  viewers: Readonly<Record<string, number>>
}

/** Heartbeats per lease: two may be lost before the node counts as gone. */
const BEATS_PER_LEASE = 3

/** This node's heartbeat, and what it sees of the other nodes'. */
export class Nodes extends Context.Service<Nodes, {
  readonly node: string
  readonly incarnation: string
  /** Changed in place by whoever has something to report; the next heartbeat carries it. */
  readonly report: NodeReport
  readonly isGone: (node: string, incarnation: string) => boolean
  /** Whether this node's own heartbeats go through. */
  readonly isHealthy: () => boolean
  readonly live: () => ReadonlyArray<string>
}>()('millrace/runtime/Nodes') {
  static readonly layer = Layer.effect(
    Nodes,
    Effect.gen(function* () {
      const settings = yield* RuntimeSettings
      const incarnation = newId()
      const report: NodeReport = { active: 0, draining: false, viewers: {} }
      let state = newLiveness(settings.lease_ms)
      yield* watchNodes((change) => {
        state = change(state)
      })
      yield* beat(incarnation, report, () => {
        state = renewed(state, performance.now())
      })
      return Nodes.of({
        node: settings.node,
        incarnation,
        report,
        isGone: (node, other) => isGone(state, node, other, performance.now()),
        isHealthy: () => isHealthy(state, performance.now()),
        live: () => liveNodes(state, performance.now())
      })
    })
  )
}

const watchNodes = (apply: (change: (state: Liveness) => Liveness) => void): Effect.Effect<void, LogUnavailable, Buckets | Scope.Scope> =>
  Effect.flatMap(Buckets, (buckets) =>
    buckets.nodes.watch((change) => {
      const now_ms = performance.now()
      const value = change.value
      apply((state) => (value === undefined ? forgetNode(state, change.key) : sawNode(state, change.key, value.incarnation, now_ms)))
    })
  )

/** Renews the node's entry for ever, by the revision read; says goodbye when the scope closes. */
const beat = Effect.fnUntraced(function* (incarnation: string, report: NodeReport, onRenewed: () => void): Effect.fn.Return<void, LogUnavailable, Buckets | RuntimeSettings | Scope.Scope> {
  const settings = yield* RuntimeSettings
  const { nodes } = yield* Buckets
  const startedAtMs = BigInt(yield* Clock.currentTimeMillis)
  let revision = (yield* nodes.get(settings.node))?.revision
  let beats = 0n
  const state = () => create(NodeStateSchema, { node: settings.node, incarnation, beat: beats++, roles: [...settings.roles], capacity: settings.capacity, startedAtMs, ...report })
  const renew: Effect.Effect<void, LogUnavailable | RevisionConflict> = Effect.gen(function* () {
    revision = revision === undefined ? yield* nodes.create(settings.node, state()) : yield* nodes.update(settings.node, state(), revision)
    onRenewed()
  })
  const readAgain = Effect.gen(function* () {
    const found = yield* nodes.get(settings.node)
    if (found !== undefined && found.value.incarnation !== incarnation && beats > 1n) {
      yield* Effect.logWarning('another node has our name', { node: settings.node })
    }
    revision = found?.revision
  })
  const attempt = renew.pipe(
    Effect.catchTag('RevisionConflict', () => readAgain),
    Effect.catchTag('LogUnavailable', (error) => Effect.logWarning('heartbeat failed', { reason: error.reason }))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(attempt, Effect.sleep(settings.lease_ms / BEATS_PER_LEASE))))
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => (revision === undefined ? Effect.void : nodes.remove(settings.node, revision))).pipe(Effect.timeout(settings.lease_ms), Effect.ignore)
  )
})
