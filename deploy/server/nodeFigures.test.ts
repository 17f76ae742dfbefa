import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { Readiness } from '../../edge/http/Readiness.ts'
import { Metrics, renderMetrics } from '../../edge/Metrics.ts'
import { LogFill } from '../../runtime/LogFill.ts'
import { Nats } from '../../runtime/Nats.ts'
import { type NodeReport, Nodes } from '../../runtime/Nodes.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'
import { testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { nodeFigures } from './nodeFigures.ts'

const of = <Service>(part: Partial<Service>): Service => part as Service

it.effect('a node says in /ready that it goes, or does not hear itself, and in /metrics what it owns', () => {
  const report: NodeReport = { active: 2, draining: false, viewers: {}, actors: {}, publishing: [] }
  let healthy = true
  const node = Layer.mergeAll(
    Layer.succeed(Nodes, of<Nodes['Service']>({ report, isHealthy: () => healthy, live: () => [] })),
    Layer.succeed(Nats, of<Nats['Service']>({ connected: () => true })),
    Layer.succeed(LogFill, of<LogFill['Service']>({ fills: () => [{ log: 'MEDIA_0', bytes: 5, bytesMax: 10 }] })),
    Layer.succeed(RuntimeSettings, testSettings('nats://127.0.0.1:1'))
  )
  return Effect.gen(function* () {
    const missing = Effect.map(Effect.flatMap(Readiness, ({ look }) => look), (all) => all.filter(({ ready }) => !ready).map(({ name, needed }) => ({ name, needed })))
    const shown = Effect.map(Effect.flatMap(Metrics, ({ look }) => look), renderMetrics)
    expect(yield* missing).toEqual([])
    expect(yield* shown).toContain('millrace_node_draining 0\n')
    report.draining = true
    healthy = false
    expect(yield* missing).toEqual([{ name: 'heartbeats', needed: false }, { name: 'staying', needed: true }])
    for (const line of ['millrace_node_actors 2', 'millrace_node_draining 1', 'millrace_node_healthy 0', 'millrace_log_bytes{log="MEDIA_0"} 5', 'millrace_log_limit_bytes{log="MEDIA_0"} 10']) {
      expect(yield* shown).toContain(`${line}\n`)
    }
  }).pipe(Effect.provide(nodeFigures('named').pipe(Layer.provide(node), Layer.provideMerge(Layer.mergeAll(Readiness.layer, Metrics.layer)))))
})
