import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { type ArchiveState, initialArchive } from '../../actors/archive/archive.ts'
import { Archiver } from '../../actors/archive/Archiver.ts'
import { Finalizer } from '../../actors/archive/Finalizer.ts'
import { BREAKER_FAILURES_MAX } from '../../actors/archive/limits.ts'
import { natsUrl } from '../local/testing/services.ts'
import { Readiness } from '../../edge/http/Readiness.ts'
import { Metrics, renderMetrics } from '../../edge/Metrics.ts'
import { Log } from '../../runtime/Log.ts'
import { runtimeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { archiveFigures } from './archiveFigures.ts'

const oldest_s = (metrics: string): number => Number(/^millrace_archive_oldest_seconds (\S+)/m.exec(metrics)?.[1])

it.live('names in /ready and /metrics what the archive waits for, and how much waits for the archive', () =>
  Effect.gen(function* () {
    let storing: ArchiveState = initialArchive
    const ground = Layer.mergeAll(
      Layer.succeed(Archiver, { state: Effect.sync(() => storing) }),
      Layer.succeed(Finalizer, { state: Effect.succeed(initialArchive), waiting: Effect.succeed(2) }),
      Readiness.layer,
      Metrics.layer
    )
    yield* Effect.gen(function* () {
      const readiness = yield* Readiness
      const metrics = Effect.map(Effect.flatMap(Metrics, ({ look }) => look), renderMetrics)
      expect(yield* readiness.look).toMatchObject([{ name: 'archive', ready: true }])
      expect(yield* metrics).toContain('millrace_archive_segments_waiting 0\n')
      const log = yield* Log
      for (const id of ['a', 'b', 'a']) yield* log.publish(log.subject('segments', id).subject, new Uint8Array(1))
      storing = { ...initialArchive, breakers: { ...initialArchive.breakers, store: { failures: BREAKER_FAILURES_MAX, openUntil_ms: 0 } }, counts: { ...initialArchive.counts, lost: 3 } }
      expect(yield* readiness.look).toMatchObject([{ name: 'archive', ready: false, reason: 'waits for store' }])
      const shown = yield* metrics.pipe(Effect.repeat({ until: (text) => oldest_s(text) > 0 }), Effect.timeout(5_000))
      for (const line of ['millrace_archive_segments_total{outcome="lost"} 3', 'millrace_archive_breaker_open{dependency="store"} 1', 'millrace_archive_recordings_waiting 2', 'millrace_archive_segments_waiting 3']) {
        expect(shown).toContain(`${line}\n`)
      }
    }).pipe(Effect.provide(archiveFigures.pipe(Layer.provideMerge(ground))))
  }).pipe(Effect.provide(runtimeLayer(testSettings(natsUrl()))))
)
