import { Effect, Layer } from 'effect'
import { type ArchiveState, openDependencies } from '../../actors/archive/archive.ts'
import { archiveBacklog } from '../../actors/archive/ArchiveBacklog.ts'
import { Archiver } from '../../actors/archive/Archiver.ts'
import { Finalizer } from '../../actors/archive/Finalizer.ts'
import { Readiness } from '../../edge/http/Readiness.ts'
import { type Metric, Metrics } from '../../edge/Metrics.ts'
import { Log } from '../../runtime/Log.ts'

/** Shows the archive of this process in `/metrics`, and in `/ready` while it leaves a dependency alone. */
export const archiveFigures = Layer.effectDiscard(
  Effect.gen(function* () {
    const archiver = yield* Archiver
    const finalizer = yield* Finalizer
    const log = yield* Log
    const readiness = yield* Readiness
    const metrics = yield* Metrics
    const states = Effect.all([archiver.state, finalizer.state])
    yield* readiness.register(
      'archive',
      Effect.flatMap(states, (both) => {
        const open = new Set(both.flatMap(openDependencies))
        return open.size === 0 ? Effect.void : Effect.fail(`waits for ${[...open].join(' and ')}`)
      }),
      'named'
    )
    yield* metrics.register(
      Effect.gen(function* () {
        const [segments, recordings] = yield* states
        const backlog = yield* archiveBacklog.pipe(
          Effect.provideService(Log, log),
          Effect.map(({ segments: waiting, oldest_ms }) => [
            gauge('millrace_archive_segments_waiting', 'Announced segments that no node has archived yet.', waiting),
            gauge('millrace_archive_oldest_seconds', 'Time since the oldest of them was announced.', oldest_ms / 1_000)
          ]),
          // The readiness of NATS says that it is away.
          Effect.catchTag('LogUnavailable', () => Effect.succeed([]))
        )
        const recordingsWaiting = yield* finalizer.waiting
        return [
          counts('millrace_archive_segments_total', 'Segments handled by this node, by what came of it; lost: given up.', segments),
          counts('millrace_archive_recordings_total', 'Recordings looked at by this node, by what came of it.', recordings),
          breakers([segments, recordings]),
          gauge('millrace_archive_recordings_waiting', 'Ended streams whose recording is not complete, as this node last saw.', recordingsWaiting),
          ...backlog
        ]
      })
    )
  })
)

const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, samples: [['', value]] })

const counts = (name: string, help: string, state: ArchiveState): Metric => ({ name, type: 'counter', help, label: 'outcome', samples: Object.entries(state.counts) })

const breakers = (states: ReadonlyArray<ArchiveState>): Metric => ({
  name: 'millrace_archive_breaker_open',
  type: 'gauge',
  help: '1 while the archive leaves a dependency alone.',
  label: 'dependency',
  samples: (['log', 'store', 'database'] as const).map((dependency) => [dependency, states.some((state) => openDependencies(state).includes(dependency)) ? 1 : 0])
})
