/**
 * What happens in this process that operators want counted. Counted through Effect's metrics, whose registry is there
 * without being asked for, so that nothing needs a service in order to count. No label ever names a stream.
 */
import { Effect, Metric } from 'effect'
import type { LogSubject } from './topology.ts'

const counter = (name: string, description: string): Metric.Counter<number> => Metric.counter(name, { description, incremental: true })

const takeovers = counter('millrace_actor_takeovers_total', 'Actors taken over by this node; of=new: nothing was in their log yet.')
const restarts = counter('millrace_actor_restarts_total', 'Activations that died on this node and were followed by another, by why: broke by itself, ended from outside (a killed FFmpeg), log gave no answer.')
const handovers = counter('millrace_actor_handovers_total', 'Actors that came to a good stop on this node for another node to go on.')
const failures = counter('millrace_actor_failures_total', 'Actors that ended as failed on this node.')
const fenced = counter('millrace_log_fenced_writes_total', 'Writes of this process that a newer owner or session had made invalid, by log.')
const deadLetters = counter('millrace_dead_letters_total', 'Messages that this node gave up on and parked, by the kind of actor.')

const RESTART_REASONS = ['broke', 'ended', 'unavailable'] as const
const FENCED_LOGS = ['ingest', 'media'] as const
const TAKEN_OVER = ['new', 'running'] as const

const add = (metric: Metric.Counter<number>, labels: Readonly<Record<string, string>> = {}): Effect.Effect<void> => Metric.update(Metric.withAttributes(metric, labels), 1)

/** An actor was taken over: a new one, or one whose log says where to go on. */
export const countTakeover = (of: (typeof TAKEN_OVER)[number]): Effect.Effect<void> => add(takeovers, { of })

/** An activation died, and another follows on this node. */
export const countRestart = (why: (typeof RESTART_REASONS)[number]): Effect.Effect<void> => add(restarts, { why })

/** An actor was handed over. */
export const countHandover: Effect.Effect<void> = add(handovers)

/** An actor ended as failed. */
export const countFailure: Effect.Effect<void> = add(failures)

/** A compare-and-set found a newer writer. */
export const countFenced = ({ log }: LogSubject): Effect.Effect<void> => add(fenced, { log: log.replace(/_\d+$/, '').toLowerCase() })

/** A message was parked on `DEAD`. */
export const countDeadLetter = (kind: string): Effect.Effect<void> => add(deadLetters, { kind })

/** Shows at zero what has not happened yet, so that a first increase is one. */
export const showCounters: Effect.Effect<void> = Effect.forEach(
  [
    handovers,
    failures,
    ...TAKEN_OVER.map((of) => Metric.withAttributes(takeovers, { of })),
    ...RESTART_REASONS.map((why) => Metric.withAttributes(restarts, { why })),
    ...FENCED_LOGS.map((log) => Metric.withAttributes(fenced, { log }))
  ],
  (metric) => Metric.value(metric),
  { discard: true }
)
