import { Context, Effect, Layer } from 'effect'
import { Nodes } from '../../runtime/Nodes.ts'
import { type Heard, heardOf } from './heard.ts'
import { FIGURES_KEPT_MS } from './limits.ts'
import { Viewers } from './Viewers.ts'

/** What all nodes together say of a live stream now. */
export interface StreamFigures {
  /** Viewers at all edges. */
  readonly viewers: number
  /** How long the oldest chunk has waited for its media; 0: none waits; undefined: nobody knows. */
  readonly lag_ms: number | undefined
  /** From a chunk's being stored to its media's being stored, recently. */
  readonly latency_ms: number | undefined
  /** Some edge hears its publisher. */
  readonly publishing: boolean
}

/**
 * The figures of streams, from this edge's own count and from the heartbeats of all live nodes: what a killed node said is
 * gone with its lease. While this node does not hear itself, what it hears of others says nothing, and all stays as it was.
 */
export class LiveFigures extends Context.Service<LiveFigures, {
  readonly of: (stream: string) => StreamFigures
  /** Viewers of each stream that has any. */
  readonly viewed: () => ReadonlyMap<string, number>
}>()('millrace/edge/viewers/LiveFigures') {
  static readonly layer = Layer.effect(
    LiveFigures,
    Effect.gen(function* () {
      const nodes = yield* Nodes
      const here = yield* Viewers
      let heard: Heard = heardOf([], nodes.node)
      let heard_ms = Number.NEGATIVE_INFINITY
      const look = (): Heard => {
        const now_ms = performance.now()
        if (now_ms - heard_ms < FIGURES_KEPT_MS) return heard
        const live = nodes.live()
        heard_ms = now_ms
        if (live.some(({ node }) => node === nodes.node)) heard = heardOf(live, nodes.node)
        return heard
      }
      return LiveFigures.of({
        of: (stream) => {
          const { viewers, actors, publishing } = look()
          const { lagMs, latencyMs } = actors.get(stream) ?? {}
          return { viewers: (viewers.get(stream) ?? 0) + here.count(stream), lag_ms: lagMs, latency_ms: latencyMs, publishing: publishing.has(stream) }
        },
        viewed: () => {
          const all = new Map(look().viewers)
          for (const [stream, count] of here.counts()) all.set(stream, (all.get(stream) ?? 0) + count)
          return all
        }
      })
    })
  ).pipe(Layer.provide(Viewers.layer))
}
