import { Context, Effect, Layer } from 'effect'
import type { Scope } from 'effect'

/** One metric of the Prometheus text format, version 0.0.4. `samples`: label values and numbers. */
export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly label?: string
  readonly samples: ReadonlyArray<readonly [value: string, number: number]>
}

/** What this process measures. Whoever measures something registers how to look at it. */
export class Metrics extends Context.Service<Metrics, {
  /** Adds what `look` finds to every answer of `/metrics`, until the scope closes. */
  readonly register: (look: Effect.Effect<ReadonlyArray<Metric>>) => Effect.Effect<void, never, Scope.Scope>
  readonly look: Effect.Effect<ReadonlyArray<Metric>>
}>()('millrace/edge/Metrics') {
  static readonly layer = Layer.sync(Metrics, () => {
    const sources = new Set<Effect.Effect<ReadonlyArray<Metric>>>()
    return Metrics.of({
      register: (look) =>
        Effect.acquireRelease(
          Effect.sync(() => void sources.add(look)),
          () => Effect.sync(() => sources.delete(look))
        ),
      look: Effect.suspend(() => Effect.map(Effect.forEach([...sources], (look) => look, { concurrency: 'unbounded' }), (found) => found.flat()))
    })
  })
}

/** Metrics as text, each line ended. */
export const renderMetrics = (metrics: ReadonlyArray<Metric>): string => metrics.map(render).join('')

const render = ({ name, type, help, label, samples }: Metric): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map(([value, number]) => (label === undefined ? `${name} ${number}` : `${name}{${label}="${value}"} ${number}`)), ''].join('\n')
