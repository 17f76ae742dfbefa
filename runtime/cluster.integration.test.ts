import { expect, it } from '@effect/vitest'
import { Effect, Fiber } from 'effect'
import { type NatsCluster, startNatsCluster } from '../deploy/local/testing/natsCluster.ts'
import { natsUrl } from '../deploy/local/testing/services.ts'
import { newId } from './ids.ts'
import { Log } from './Log.ts'
import { Nats } from './Nats.ts'
import { runtimeLayer, testSettings } from './testing/runtimeLayer.ts'

/** The oldest server whose replicated logs may be trusted. */
const VERSION_MIN = '2.10.23'
const records = 300

const serverVersion = Effect.map(Nats, ({ serverVersion }) => serverVersion).pipe(Effect.provide(runtimeLayer(testSettings(natsUrl()))))

const cluster = Effect.acquireRelease(Effect.promise(startNatsCluster), (started) => Effect.promise(started.stop))

const settingsIn = ({ url }: NatsCluster) => testSettings(url, { replicas: 3, logBytes: 64 * 1024 * 1024 })

it.live('a log of three copies takes every record once and in order while its leader is killed, and gives all back', (context) =>
  Effect.gen(function* () {
    if ((yield* serverVersion).localeCompare(VERSION_MIN, undefined, { numeric: true }) < 0) return context.skip()
    const servers = yield* cluster
    yield* Effect.gen(function* () {
      const log = yield* Log
      const at = log.subject('ingest', newId())
      const appender = log.appender(at, 0)
      const leader = yield* Effect.promise(() => servers.leaderOf(at.log))
      const append = (from: number, to: number) =>
        Effect.gen(function* () {
          for (let n = from; n < to; n++) yield* appender.append(new TextEncoder().encode(String(n)))
        })
      yield* append(0, records / 3)
      const appending = yield* Effect.forkChild(append(records / 3, records))
      yield* Effect.promise(() => leader.server.kill())
      yield* Fiber.join(appending)
      // Until another server leads, nobody answers.
      const stored = yield* log.read(at, 1, Number.MAX_SAFE_INTEGER).pipe(Effect.eventually, Effect.timeout(60_000))
      expect(stored.map(({ data }) => Number(new TextDecoder().decode(data)))).toEqual(Array.from({ length: records }, (_, n) => n))
    }).pipe(Effect.provide(runtimeLayer(settingsIn(servers))))
  }).pipe(Effect.scoped), 120_000)
