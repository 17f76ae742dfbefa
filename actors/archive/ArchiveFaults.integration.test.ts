import { Effect, Layer, ManagedRuntime } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minioAvailable, startMinio, startPostgres } from '../../deploy/local/testing/services.ts'
import { DatabaseUnavailable } from '../database/errors.ts'
import { Recordings } from '../database/Recordings.ts'
import { StoreUnavailable } from '../storage/errors.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { openDependencies } from './archive.ts'
import { archiveBacklog } from './ArchiveBacklog.ts'
import { Archiver } from './Archiver.ts'
import { archiveGround, type ArchivePlaces, archiveWorkers } from './testing/archiveLayers.ts'
import { audio, expectWhole, type Ground, places, source, startGround, startWorkers, untilReady } from './testing/archiveWorld.ts'
import { announce, finish, recordStream } from './testing/recordStream.ts'
import { until } from './testing/until.ts'

describe('the archive cut off in the middle', () => {
  let at: ArchivePlaces
  let ground: Ground
  beforeAll(async () => {
    at = await places(minioAvailable() ? 'minio' : 'directory')
    ground = startGround(at)
  })
  afterAll(() => ground.dispose())

  it('stores and writes once what was stored or committed although the reply was lost', async () => {
    const stream = await ground.runPromise(recordStream('replies', [source, audio]))
    const lost = new Set<string>()
    const losing = archiveWorkers.pipe(Layer.provide(losingReplies(lost)), Layer.provide(archiveGround(at)))
    const runtime = ManagedRuntime.make(losing)
    await runtime.runPromise(Effect.void)
    await ground.runPromise(finish(stream))
    expect(await untilReady(ground, 'replies')).toMatchObject({ status: 'ready', segments: stream.announcements.length })
    await runtime.dispose()
    expect([...lost].sort()).toEqual([...LOSES].sort())
    await expectWhole(ground, stream.prefix)
  })

  it('hands back what it holds when it stops, so that others go on at once', async () => {
    const stream = await ground.runPromise(recordStream('handed', [source, audio]))
    let held = 0
    const stuck = Layer.effect(ObjectStore, Effect.map(ObjectStore, (store) => ({ ...store, put: () => Effect.andThen(Effect.sync(() => (held += 1)), Effect.never) })))
    const stopping = ManagedRuntime.make(Archiver.layer.pipe(Layer.provide(stuck), Layer.provide(archiveGround(at))))
    await stopping.runPromise(Effect.void)
    await ground.runPromise(finish(stream))
    await until('it holds all that it may', async () => (held === 3 ? true : undefined))
    await stopping.dispose()
    const begun_ms = performance.now()
    const workers = await startWorkers(at)
    await untilReady(ground, 'handed')
    expect(performance.now() - begun_ms).toBeLessThan(10_000)
    await workers.stop()
  })
})

const LOSES = ['source/init-0.mp4', 'source/segment_00001.m4s', 'row audio 0', 'hls/index.m3u8', 'poster.jpg']

/** The real store and database, whose first reply to some writes is lost. */
const losingReplies = (lost: Set<string>) => {
  const losesNow = (what: string): boolean => {
    const name = LOSES.find((ending) => what.endsWith(ending))
    if (name === undefined || lost.has(name)) return false
    lost.add(name)
    return true
  }
  const store = Effect.map(ObjectStore, (real) => ({
    ...real,
    put: (key: string, bytes: Uint8Array) =>
      Effect.flatMap(real.put(key, bytes), () => (losesNow(key) ? Effect.fail(new StoreUnavailable({ operation: 'put', reason: 'the reply was lost' })) : Effect.void))
  }))
  const recordings = Effect.map(Recordings, (real): Recordings['Service'] => ({
    ...real,
    addSegment: (recording, segment) =>
      Effect.flatMap(real.addSegment(recording, segment), (written) =>
        losesNow(`row ${segment.rendition} ${segment.msn}`)
          ? Effect.fail(new DatabaseUnavailable({ code: '08006', reason: 'the reply was lost', transient: true }))
          : Effect.succeed(written)
      )
  }))
  return Layer.mergeAll(Layer.effect(ObjectStore, store), Layer.effect(Recordings, recordings))
}

describe('the archive in a long outage', () => {
  it('leaves what waits in the queue, knocks rarely, and then goes on with the oldest first', async () => {
    const at = await places('directory')
    const ground = startGround(at)
    let away = true
    let knocks = 0
    const stored: Array<string> = []
    const failing = Layer.effect(
      ObjectStore,
      Effect.map(ObjectStore, (store) => ({
        ...store,
        put: (key: string, bytes: Uint8Array) =>
          Effect.suspend(() => {
            knocks += away ? 1 : 0
            return away ? Effect.fail(new StoreUnavailable({ operation: 'put', reason: 'away' })) : Effect.tap(store.put(key, bytes), () => Effect.sync(() => stored.push(key)))
          })
      }))
    )
    const runtime = ManagedRuntime.make(Archiver.layer.pipe(Layer.provide(failing), Layer.provideMerge(archiveGround(at))))
    const archiver = await runtime.runPromise(Archiver)
    const streams = await Promise.all(Array.from({ length: 5 }, (_, index) => ground.runPromise(recordStream(`wait-${index}`, [source, audio]))))
    for (const stream of streams) await ground.runPromise(finish(stream))
    await until('the store is left alone', async () => (openDependencies(await runtime.runPromise(archiver.state)).includes('store') ? true : undefined))
    const before = await ground.runPromise(archiveBacklog)
    expect(before.segments).toBe(5 * 6)
    const begun_ms = performance.now()
    await until('some time has gone by', async () => (performance.now() - begun_ms > 2_500 ? true : undefined))
    // Five failures open the breaker, then one knocks after one second, two, four…
    expect(knocks).toBeLessThan(16)
    expect((await ground.runPromise(archiveBacklog)).oldest_ms).toBeGreaterThan(2_000)
    away = false
    await until('all is archived', async () => ((await ground.runPromise(archiveBacklog)).segments === 0 ? true : undefined), 60_000)
    const order = stored.filter((key) => key.endsWith('.m4s')).map((key) => Number(/wait-(\d)/.exec(key)?.[1]))
    expect(order).toHaveLength(5 * 6)
    // Only those that met the outage may come late.
    expect(order.slice(0, 15).filter((stream) => stream > 3)).toEqual([])
    await runtime.dispose()
    await ground.dispose()
  }, 90_000)
})

describe('the archive in an outage', () => {
  it.skipIf(!minioAvailable())('catches up when the object store comes back, and loses nothing', async () => {
    const minio = await startMinio()
    const at = { ...(await places('directory')), storeUrl: minio.url }
    const ground = startGround(at)
    const workers = await startWorkers(at)
    const stream = await ground.runPromise(recordStream('outage', [source, audio]))
    await ground.runPromise(announce(stream.announcements.slice(0, 2)))
    await until('two are archived', async () => ((await workers.counts()).archived === 2 ? true : undefined))
    await minio.kill()
    await ground.runPromise(finish(stream))
    await until('the workers have tried', async () => ((await workers.counts()).retried > 5 ? true : undefined))
    expect((await workers.counts()).archived).toBe(2)
    await minio.restart()
    expect(await untilReady(ground, 'outage')).toMatchObject({ status: 'ready', segments: stream.announcements.length, lostSegments: 0 })
    await expectWhole(ground, stream.prefix)
    await workers.stop()
    await ground.dispose()
    await minio.stop()
  }, 60_000)

  it('catches up when the database comes back, also where it was away from the start', async () => {
    const postgres = await startPostgres()
    await postgres.kill()
    const at = { ...(await places('directory')), databaseUrl: postgres.url }
    const ground = startGround(at)
    const workers = await startWorkers(at)
    const stream = await ground.runPromise(recordStream('no-rows', [source, audio]))
    await ground.runPromise(finish(stream))
    await until('the workers have tried', async () => ((await workers.counts()).retried > 5 ? true : undefined))
    await postgres.restart()
    expect(await untilReady(ground, 'no-rows')).toMatchObject({ status: 'ready', title: 'Test no-rows', lostSegments: 0 })
    await expectWhole(ground, stream.prefix)
    await workers.stop()
    await ground.dispose()
    await postgres.stop()
  }, 60_000)
})
