import { Effect, Layer } from 'effect'
import { logFigures } from '../../edge/logFigures.ts'
import { Readiness } from '../../edge/http/Readiness.ts'
import { type Metric, Metrics } from '../../edge/Metrics.ts'
import { showCounters } from '../../runtime/counters.ts'
import { LogFill } from '../../runtime/LogFill.ts'
import { Nats } from '../../runtime/Nats.ts'
import { Nodes } from '../../runtime/Nodes.ts'
import { RuntimeSettings } from '../../runtime/RuntimeSettings.ts'

/**
 * Shows this node in `/metrics`, and in `/ready` while it drains or does not hear its own heartbeats: for instance after
 * it stood still, when others may have taken what it owned. An edge serves its viewers also then; `heartbeats` says
 * whether they are needed.
 */
export const nodeFigures = (heartbeats: 'needed' | 'named') => Layer.effectDiscard(
  Effect.gen(function* () {
    const nodes = yield* Nodes
    const nats = yield* Nats
    const fill = yield* LogFill
    const { capacity } = yield* RuntimeSettings
    const readiness = yield* Readiness
    const metrics = yield* Metrics
    yield* readiness.register('heartbeats', Effect.suspend(() => (nodes.isHealthy() ? Effect.void : Effect.fail('they do not come back'))), heartbeats)
    yield* readiness.register('staying', Effect.suspend(() => (nodes.report.draining ? Effect.fail('hands its actors over and goes') : Effect.void)), 'needed')
    yield* showCounters
    yield* metrics.register(
      Effect.sync(() => [
        gauge('millrace_node_actors', 'Actors that this node owns.', nodes.report.active),
        gauge('millrace_node_actors_limit', 'Actors that it may own.', capacity),
        gauge('millrace_node_draining', '1 while this node hands its actors over.', nodes.report.draining ? 1 : 0),
        gauge('millrace_node_healthy', '1 while its heartbeats go through and come back.', nodes.isHealthy() ? 1 : 0),
        gauge('millrace_nodes', 'Living nodes that this one sees, itself included.', nodes.live().length),
        gauge('millrace_nats_connected', '1 while connected to NATS.', nats.connected() ? 1 : 0),
        gauge('process_resident_memory_bytes', 'Memory of this process, without its FFmpeg children.', process.memoryUsage.rss()),
        { name: 'process_cpu_seconds_total', type: 'counter', help: 'Processor time of this process, without its FFmpeg children.', samples: [['', cpu_s()]] },
        ...logFigures(fill.fills())
      ] satisfies ReadonlyArray<Metric>)
    )
  })
)

const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, samples: [['', value]] })

const cpu_s = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000_000
}
