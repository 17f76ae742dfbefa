import { createHash } from 'node:crypto'
import { fromBinary } from '@bufbuild/protobuf'
import { Effect, Layer, ManagedRuntime } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseUrl, freshNatsUrl, minioAvailable, objectStoreUrl, startMinio, startPostgres } from '../../deploy/local/testing/services.ts'
import { DeadLetterSchema } from '../../proto/gen/millrace/v1/dead_letter_pb.js'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { Log } from '../../runtime/Log.ts'
import { tell } from '../../runtime/Tell.ts'
import { DatabaseUnavailable } from '../database/errors.ts'
import { Recordings } from '../database/Recordings.ts'
import { StoreUnavailable } from '../storage/errors.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { Archiver } from './Archiver.ts'
import { ArchiveProgress } from './ArchiveProgress.ts'
import { FINALIZE } from './Finalizer.ts'
import { finalizeRecording } from './finalizeRecording.ts'
import { archiveGround, type ArchivePlaces, archiveWorkers } from './testing/archiveLayers.ts'
import { framesOfHls, framesOfMp4, widthOfJpeg } from './testing/decodedFrames.ts'
import { encodeAudio, encodeVideo } from './testing/encodeSamples.ts'
import { announce, recordStream, type TestRendition } from './testing/recordStream.ts'
import { until } from './testing/until.ts'
import { writeFragment } from '../fmp4/writeFragment.ts'

const source: TestRendition = { name: 'source', kind: 'video', timescale: 90_000, track: encodeVideo(6) }
const audio: TestRendition = { name: 'audio', kind: 'audio', timescale: 48_000, track: encodeAudio(6) }
const published = (rendition: TestRendition): Uint8Array => Buffer.concat([rendition.track.init, writeFragment(1, rendition.track.samples)])
const pictures = framesOfMp4(published(source), 'v')
const sounds = framesOfMp4(published(audio), 'a')

type Ground = ManagedRuntime.ManagedRuntime<Layer.Success<ReturnType<typeof archiveGround>>, unknown>

const places = async (store: 'minio' | 'directory'): Promise<ArchivePlaces> => ({
  natsUrl: freshNatsUrl(), databaseUrl: await databaseUrl(), storeUrl: await objectStoreUrl(store)
})
const startGround = (at: ArchivePlaces): Ground => ManagedRuntime.make(archiveGround(at))
/** Another node's workers, with connections of their own. */
const startWorkers = async (at: ArchivePlaces) => {
  const runtime = ManagedRuntime.make(archiveWorkers.pipe(Layer.provideMerge(archiveGround(at))))
  const archiver = await runtime.runPromise(Archiver)
  return { counts: async () => (await runtime.runPromise(archiver.state)).counts, stop: () => runtime.dispose() }
}

const untilReady = (ground: Ground, id: string) =>
  until(`recording ${id} is archived`, async () => {
    const entry = await ground.runPromise(Buckets.use(({ streams }) => streams.get(id)))
    return entry?.value.status === StreamStatus.ARCHIVED ? ground.runPromise(Recordings.use((recordings) => recordings.get(id))) : undefined
  })

const filesOf = (ground: Ground, prefix: string): Promise<ReadonlyMap<string, Uint8Array>> =>
  ground.runPromise(
    Effect.gen(function* () {
      const store = yield* ObjectStore
      const objects = yield* store.list(prefix)
      const files = yield* Effect.forEach(objects, ({ key }) => Effect.map(store.get(key), (bytes) => [key.slice(prefix.length), bytes] as const))
      return new Map(files)
    })
  )
const hashesOf = (files: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]))
const textOf = (files: ReadonlyMap<string, Uint8Array>, name: string): string => Buffer.from(files.get(name) ?? []).toString()

const expectWhole = async (ground: Ground, prefix: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const files = await filesOf(ground, prefix)
  expect(framesOfHls(files, 'hls/index.m3u8', 'v')).toEqual(pictures)
  expect(framesOfHls(files, 'hls/audio/playlist.m3u8', 'a')).toEqual(sounds)
  return files
}

for (const kind of ['directory', 'minio'] as const) {
  describe.skipIf(kind === 'minio' && !minioAvailable())(`the archive on the ${kind} store`, () => {
    let at: ArchivePlaces
    let ground: Ground
    beforeAll(async () => {
      at = await places(kind)
      ground = startGround(at)
    })
    afterAll(() => ground.dispose())

    it('turns a stream in the log into a recording that plays with every frame, once and in order', async () => {
      expect(pictures).toHaveLength(120)
      const workers = await startWorkers(at)
      const stream = await ground.runPromise(recordStream('plays', [source, audio]))
      await ground.runPromise(announce(stream.announcements))
      await ground.runPromise(tell(FINALIZE, 'plays'))
      expect(await untilReady(ground, 'plays')).toMatchObject({ status: 'ready', segments: stream.announcements.length, lostSegments: 0, reason: '', duration_ms: 6_000 })
      const files = await expectWhole(ground, stream.prefix)
      expect(textOf(files, 'hls/source/playlist.m3u8')).toContain('#EXT-X-ENDLIST')
      expect(widthOfJpeg(files.get('poster.jpg') ?? new Uint8Array())).toBe(320)
      expect((await workers.counts()).archived).toBe(stream.announcements.length)
      await workers.stop()
    })

    it('changes nothing when everything is announced and hinted again, twice', async () => {
      const stream = await ground.runPromise(recordStream('again', [source, audio]))
      const workers = await Promise.all([startWorkers(at), startWorkers(at)])
      await ground.runPromise(announce(stream.announcements))
      await untilReady(ground, 'again')
      const state = () => ground.runPromise(Recordings.use((recordings) => Effect.all([recordings.get('again'), recordings.segments('again')])))
      const before = { hashes: hashesOf(await filesOf(ground, stream.prefix)), rows: await state() }
      const repeated = async () => (await Promise.all(workers.map((one) => one.counts()))).reduce((sum, one) => sum + one.repeated, 0)
      for (let time = 1; time <= 2; time += 1) {
        await ground.runPromise(announce(stream.announcements))
        await ground.runPromise(tell(FINALIZE, 'again'))
        await until('all is seen again', async () => ((await repeated()) >= time * stream.announcements.length ? true : undefined))
      }
      await Promise.all(workers.map((one) => one.stop()))
      expect({ hashes: hashesOf(await filesOf(ground, stream.prefix)), rows: await state() }).toEqual(before)
    })

    it('puts records together that were too big for one message', async () => {
      const stream = await ground.runPromise(recordStream('pieces', [source, audio], { pieces: 3 }))
      const workers = await startWorkers(at)
      await ground.runPromise(announce(stream.announcements))
      await untilReady(ground, 'pieces')
      await expectWhole(ground, stream.prefix)
      await workers.stop()
    })

    it('makes a recording of sound alone, without a poster', async () => {
      const stream = await ground.runPromise(recordStream('sound', [audio]))
      const workers = await startWorkers(at)
      await ground.runPromise(announce(stream.announcements))
      expect(await untilReady(ground, 'sound')).toMatchObject({ status: 'ready' })
      const files = await filesOf(ground, stream.prefix)
      expect(framesOfHls(files, 'hls/index.m3u8', 'a')).toEqual(sounds)
      expect(files.has('poster.jpg')).toBe(false)
      await workers.stop()
    })
  })
}

describe('the archive', () => {
  let at: ArchivePlaces
  let ground: Ground
  beforeAll(async () => {
    at = await places('directory')
    ground = startGround(at)
  })
  afterAll(() => ground.dispose())

  it('waits for the last segment before it calls a recording ready', async () => {
    const stream = await ground.runPromise(recordStream('waits', [source, audio]))
    const workers = await startWorkers(at)
    await ground.runPromise(announce(stream.announcements.slice(0, -1)))
    await until('all but one are archived', async () => ((await workers.counts()).archived === stream.announcements.length - 1 ? true : undefined))
    expect(await ground.runPromise(finalizeRecording('waits'))).toBe('Waiting')
    expect(await ground.runPromise(Recordings.use((recordings) => recordings.get('waits')))).toMatchObject({ status: 'ended' })
    await ground.runPromise(announce(stream.announcements.slice(-1)))
    expect(await untilReady(ground, 'waits')).toMatchObject({ status: 'ready' })
    await workers.stop()
  })

  it('does not end a recording while its stream goes on', async () => {
    await ground.runPromise(recordStream('live', [source], { open: true }))
    expect(await ground.runPromise(finalizeRecording('live'))).toBe('NotEnded')
    expect(await ground.runPromise(finalizeRecording('nobody'))).toBe('Unknown')
  })

  it('ignores announcements that the log does not bear out, and goes on with the next', async () => {
    const stream = await ground.runPromise(recordStream('lies', [source, audio]))
    const [first] = stream.announcements
    if (first === undefined) throw new Error('no segment')
    const lies = [
      { ...first, firstSeq: 0n, lastSeq: 0n },
      { ...first, msn: 7 },
      { ...first, rendition: '../../etc' },
      { ...first, streamId: 'nobody' }
    ]
    const workers = await startWorkers(at)
    await ground.runPromise(announce(lies.map((lie) => fromBinary(SegmentClosedSchema, new Uint8Array()) && lie)))
    await ground.runPromise(Log.use((log) => log.publish(log.subject('segments', 'lies').subject, Buffer.from('\xff\xff garbage'))))
    await ground.runPromise(announce(stream.announcements))
    expect(await untilReady(ground, 'lies')).toMatchObject({ status: 'ready', segments: stream.announcements.length })
    expect((await workers.counts()).ignored).toBe(lies.length + 1)
    await workers.stop()
  })

  it('gives up a segment that is damaged in the log, parks it, and completes the recording around it', async () => {
    const stream = await ground.runPromise(recordStream('torn', [source, audio], { damage: { rendition: 'source', msn: 1 } }))
    const workers = await startWorkers(at)
    await ground.runPromise(announce(stream.announcements))
    const recording = await untilReady(ground, 'torn')
    expect(recording).toMatchObject({ status: 'ready', lostSegments: 1 })
    expect(recording.reason).toMatch(/1 of \d+ segments are lost: a fragment of part \d+ does not match its checksum/)
    const files = await filesOf(ground, stream.prefix)
    expect(files.has('hls/source/segment_00001.m4s')).toBe(false)
    const kept = framesOfHls(files, 'hls/index.m3u8', 'v')
    expect(kept).toEqual([...pictures.slice(0, 40), ...pictures.slice(80)])
    const letter = await ground.runPromise(Log.use((log) => log.head({ log: 'DEAD', subject: 'dead.segment.torn' })))
    const { reason, body } = fromBinary(DeadLetterSchema, letter?.data ?? new Uint8Array())
    expect(reason).toContain('checksum')
    expect(fromBinary(SegmentClosedSchema, body)).toMatchObject({ rendition: 'source', msn: 1 })
    await workers.stop()
  })

  it('tells the world once a recording is ready', async () => {
    const stream = await ground.runPromise(recordStream('event', [source, audio]))
    const workers = await startWorkers(at)
    await ground.runPromise(announce(stream.announcements))
    await untilReady(ground, 'event')
    const entries = await ground.runPromise(Log.use((log) => log.read({ log: 'EVENTS', subject: 'events.event.recording_ready' }, 1, Number.MAX_SAFE_INTEGER)))
    const [event] = entries.map(({ data }) => fromBinary(StreamEventSchema, data))
    expect(event).toMatchObject({ eventId: 'event.recording_ready', event: { case: 'recordingReady', value: { durationMs: 6_000n, segments: stream.announcements.length } } })
    await workers.stop()
  })

  it('ends the same wherever the completion of a recording is cut off', async () => {
    const clean = await ground.runPromise(recordStream('clean', [source, audio]))
    const cut = await ground.runPromise(recordStream('cut', [source, audio]))
    const workers = await startWorkers(at)
    await ground.runPromise(announce(clean.announcements))
    await untilReady(ground, 'clean')
    await workers.stop()
    const archiver = ManagedRuntime.make(Archiver.layer.pipe(Layer.provide(archiveGround(at))))
    await archiver.runPromise(Effect.void)
    await ground.runPromise(announce(cut.announcements))
    await until('all are archived', async () => {
      const rows = await ground.runPromise(Recordings.use((recordings) => recordings.segments('cut')))
      return rows.length === cut.announcements.length ? true : undefined
    })
    await archiver.dispose()
    let outcome: string = 'Failed'
    for (let allowed = 0; outcome !== 'Ready' && allowed < 40; allowed += 1) outcome = await ground.runPromise(cutOff('cut', allowed))
    expect(outcome).toBe('Ready')
    expect(hashesOf(await filesOf(ground, cut.prefix))).toEqual(hashesOf(await filesOf(ground, clean.prefix)))
    const state = (id: string) => ground.runPromise(Recordings.use((recordings) => recordings.get(id)))
    const [a, b] = [await state('clean'), await state('cut')]
    expect({ ...b, id: a?.id, title: a?.title, keyPrefix: a?.keyPrefix, fenceToken: a?.fenceToken }).toEqual(a)
  })

  it('stores and writes once what was stored or committed although the reply was lost', async () => {
    const stream = await ground.runPromise(recordStream('replies', [source, audio]))
    const lost = new Set<string>()
    const losing = archiveWorkers.pipe(Layer.provide(losingReplies(lost)), Layer.provide(archiveGround(at)))
    const runtime = ManagedRuntime.make(losing)
    await runtime.runPromise(Effect.void)
    await ground.runPromise(announce(stream.announcements))
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
    await ground.runPromise(announce(stream.announcements))
    await until('it holds all that it may', async () => (held === 3 ? true : undefined))
    await stopping.dispose()
    const begun_ms = performance.now()
    const workers = await startWorkers(at)
    await untilReady(ground, 'handed')
    expect(performance.now() - begun_ms).toBeLessThan(10_000)
    await workers.stop()
  })

  it('lets the MEDIA log go only behind what is archived', async () => {
    const stream = await ground.runPromise(recordStream('trim', [source, audio]))
    const oldest = () => ground.runPromise(ArchiveProgress.use((progress) => progress.oldestUnarchivedSeq('trim')))
    await ground.runPromise(announce(stream.announcements))
    expect(await oldest()).toBe(Math.min(...stream.announcements.map(({ firstSeq }) => Number(firstSeq))))
    const workers = await startWorkers(at)
    await untilReady(ground, 'trim')
    await workers.stop()
    expect(await oldest()).toBeUndefined()
    expect(await ground.runPromise(ArchiveProgress.use((progress) => progress.oldestUnarchivedSeq('nobody')))).toBeUndefined()
  })
})

/** Completes a recording with a store, a database and a log that fail for good after `allowed` writes. */
const cutOff = (id: string, allowed: number) =>
  Effect.gen(function* () {
    const store = yield* ObjectStore
    const recordings = yield* Recordings
    const log = yield* Log
    let left = allowed
    const limited = <A, E, R>(write: Effect.Effect<A, E, R>): Effect.Effect<A, E | StoreUnavailable, R> =>
      Effect.suspend((): Effect.Effect<A, E | StoreUnavailable, R> => ((left -= 1) < 0 ? Effect.fail(new StoreUnavailable({ operation: 'cut', reason: 'off' })) : write))
    return yield* finalizeRecording(id).pipe(
      Effect.provideService(ObjectStore, { ...store, put: (key, bytes) => limited(store.put(key, bytes)) }),
      Effect.provideService(Recordings, { ...recordings, conclude: (recording, outcome) => limited(recordings.conclude(recording, outcome)).pipe(Effect.catchTag('StoreUnavailable', Effect.die)) }),
      Effect.provideService(Log, { ...log, publish: (subject, data) => limited(log.publish(subject, data)).pipe(Effect.catchTag('StoreUnavailable', Effect.die)) }),
      Effect.catchCause(() => Effect.succeed('Failed' as const))
    )
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
    await ground.runPromise(announce(stream.announcements.slice(2)))
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
    await ground.runPromise(announce(stream.announcements))
    await until('the workers have tried', async () => ((await workers.counts()).retried > 5 ? true : undefined))
    await postgres.restart()
    expect(await untilReady(ground, 'no-rows')).toMatchObject({ status: 'ready', title: 'Test no-rows', lostSegments: 0 })
    await expectWhole(ground, stream.prefix)
    await workers.stop()
    await ground.dispose()
    await postgres.stop()
  }, 60_000)
})
