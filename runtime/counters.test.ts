import { expect, it } from '@effect/vitest'
import { Effect, Metric } from 'effect'
import { PrometheusMetrics } from 'effect/observability'
import { appenderOver } from './Appender.ts'
import { countRestart, showCounters } from './counters.ts'

const shown = PrometheusMetrics.format()
/** Counts of a test's own. */
const afresh = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Metric.MetricRegistry, new Map())

it.effect('what has not happened is shown as zero, what has happened as often as it did', () =>
  Effect.gen(function* () {
    yield* showCounters
    expect(yield* shown).toContain('millrace_actor_failures_total 0\n')
    expect(yield* shown).toContain('millrace_actor_restarts_total{why="ended"} 0\n')
    yield* countRestart('ended')
    yield* countRestart('ended')
    expect(yield* shown).toContain('# TYPE millrace_actor_restarts_total counter\n')
    expect(yield* shown).toContain('millrace_actor_restarts_total{why="ended"} 2\n')
    expect(yield* shown).toContain('millrace_actor_restarts_total{why="broke"} 0\n')
  }).pipe(afresh)
)

it.effect('a write that a newer owner has made invalid is counted under its log, whatever the stream', () =>
  Effect.gen(function* () {
    const overtaken = appenderOver({
      publish: () => Effect.succeed({ _tag: 'Refused', code: 10071, description: 'wrong last sequence' }),
      head: () => Effect.succeed({ seq: 9, recordId: 'of another' }),
      newRecordId: () => 'mine',
      connected: () => true,
      whenConnected: Effect.void,
      messageBytesMax: 1_024
    })
    for (const id of ['a', 'b']) {
      const written = yield* Effect.flip(overtaken({ log: 'MEDIA_3', subject: `media.3.${id}` }, 4).append(new Uint8Array(1)))
      expect(written._tag).toBe('Fenced')
    }
    expect(yield* shown).toContain('millrace_log_fenced_writes_total{log="media"} 2\n')
  }).pipe(afresh)
)
