import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { DiscardPolicy } from 'nats'
import { freshNatsUrl, startNats } from '../deploy/local/testing/services.ts'
import { newId } from './ids.ts'
import { Log } from './Log.ts'
import { Nats } from './Nats.ts'
import { provision } from './provision.ts'
import { RuntimeSettings, type RuntimeSettingsShape } from './RuntimeSettings.ts'
import { runtimeLayer, testSettings } from './testing/runtimeLayer.ts'

const MEBIBYTE = 1024 * 1024

const provisioned = (settings: RuntimeSettingsShape) => provision.pipe(Effect.provide(Nats.layer.pipe(Layer.provideMerge(Layer.succeed(RuntimeSettings, settings)))))
const ownServer = (fileStore_bytes_max?: number) =>
  Effect.acquireRelease(Effect.promise(() => startNats(fileStore_bytes_max === undefined ? {} : { fileStore_bytes_max })), (server) => Effect.promise(() => server.stop()))

it.live('many nodes that start at once, and again, find one topology', () => {
  const settings = testSettings(freshNatsUrl())
  return Effect.gen(function* () {
    yield* Effect.forEach([1, 2, 3, 4], () => provisioned(settings), { concurrency: 'unbounded' })
    yield* provisioned(settings)
    yield* Effect.gen(function* () {
      const { manager } = yield* Nats
      const names = yield* Effect.promise(() => Array.fromAsync(manager.streams.names()))
      expect(names.toSorted()).toEqual(['COMMANDS', 'DEAD', 'EVENTS', 'INGEST_0', 'INGEST_1', 'KV_leases', 'KV_nodes', 'KV_streams', 'MEDIA_0', 'MEDIA_1', 'SEGMENTS'])
      const { config } = yield* Effect.promise(() => manager.streams.info('MEDIA_1'))
      expect({ age: config.max_age, discard: config.discard, consumers: config.max_consumers }).toEqual({ age: 0, discard: 'new', consumers: 20_000 })
    }).pipe(Effect.provide(runtimeLayer(settings)))
  })
}, 20_000)

it.live('a log that is there with another size is an error that names both sides', () => {
  const settings = testSettings(freshNatsUrl())
  return Effect.gen(function* () {
    yield* provisioned(settings)
    const error = yield* Effect.flip(provisioned({ ...settings, logBytes: settings.logBytes / 2 }))
    expect(error._tag).toBe('TopologyMismatch')
    expect(error.message).toContain('INGEST_0 has max_bytes')
    expect(error.message).toContain(String(Math.floor((settings.logBytes * 0.35) / 2)))
    expect(error.message).toContain(String(Math.floor((settings.logBytes * 0.35) / 4)))
  })
})

it.live('a bucket that was made without a limit gets one', () => {
  const settings = testSettings(freshNatsUrl())
  return Effect.gen(function* () {
    const { manager } = yield* Nats
    yield* Effect.promise(() => manager.streams.add({ name: 'KV_streams', subjects: ['$KV.streams.>'], max_msgs_per_subject: 1, discard: DiscardPolicy.New, allow_rollup_hdrs: true, deny_delete: true }))
    yield* provisioned(settings)
    const { config } = yield* Effect.promise(() => manager.streams.info('KV_streams'))
    expect(config.max_bytes).toBe(Math.floor(settings.logBytes * 0.02))
  }).pipe(Effect.provide(Nats.layer.pipe(Layer.provideMerge(Layer.succeed(RuntimeSettings, settings)))))
})

it.live('logs that take more than 80 % of the account are refused before anything is created, naming the setting', () => {
  const settings = testSettings(freshNatsUrl(), { logBytes: 3.3 * 1024 ** 3 })
  return Effect.gen(function* () {
    const error = yield* Effect.flip(provisioned(settings))
    expect(error._tag).toBe('LogsTooBig')
    expect(error.message).toContain('MILLRACE_LOG_BYTES')
  })
})

it.live('logs that take almost 80 % of the account are made: the buckets have their place in what is left', () =>
  provisioned(testSettings(freshNatsUrl(), { logBytes: Math.floor(0.795 * 4 * 1024 ** 3) })))

it.live('logs that the server has no room for are refused, naming the setting', () =>
  Effect.gen(function* () {
    const server = yield* ownServer(64 * MEBIBYTE)
    const error = yield* Effect.flip(provisioned(testSettings(server.url)))
    expect(error._tag).toBe('LogsTooBig')
    expect(error.message).toContain('MILLRACE_LOG_BYTES')
  }).pipe(Effect.scoped))

it.live('copies on a server that is alone are refused as what they are', () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(provisioned(testSettings(freshNatsUrl(), { replicas: 3 })))
    expect(['ServerTooOld', 'NotClustered']).toContain(error._tag)
  }))

it.live('records are cut to what the logs take, also on a server that takes bigger messages', () =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(Effect.promise(() => startNats({ payload_bytes_max: 32 * MEBIBYTE })), (started) => Effect.promise(() => started.stop()))
    yield* Effect.gen(function* () {
      const { messageBytesMax } = yield* Log
      const { manager } = yield* Nats
      const { config } = yield* Effect.promise(() => manager.streams.info('MEDIA_0'))
      expect([messageBytesMax, config.max_msg_size]).toEqual([8 * MEBIBYTE, 8 * MEBIBYTE])
    }).pipe(Effect.provide(runtimeLayer(testSettings(server.url))))
  }))

it.live('no NATS at the address is an error that names it', () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(provisioned(testSettings('nats://127.0.0.1:1')))
    expect(error.message).toContain('no NATS at 127.0.0.1:1')
  }))

it.live('a full log refuses what is appended, takes it again after a purge, and what was acknowledged stays', () =>
  Effect.gen(function* () {
    const settings = testSettings(freshNatsUrl(), { logBytes: 16 * MEBIBYTE, shards: 1 })
    yield* Effect.gen(function* () {
      const log = yield* Log
      const { manager } = yield* Nats
      const at = log.subject('ingest', newId())
      const appender = log.appender(at, 0)
      const fill = Effect.gen(function* () {
        while (true) yield* appender.append(new Uint8Array(400_000))
      })
      const error = yield* Effect.flip(fill)
      expect(error._tag).toBe('LogFull')
      const { bytes, bytesMax, lastSeq } = yield* log.usage(at.log)
      expect(bytes / bytesMax).toBeGreaterThan(0.8)
      expect((yield* log.head(at))?.seq).toBe(lastSeq)
      expect((yield* Effect.flip(log.publish(at.subject, new Uint8Array(400_000))))._tag).toBe('LogFull')
      yield* Effect.promise(() => manager.streams.purge(at.log, { seq: lastSeq }))
      expect(yield* appender.append(new Uint8Array(400_000))).toBe(lastSeq + 1)
    }).pipe(Effect.provide(runtimeLayer(settings)))
  }), 30_000)
