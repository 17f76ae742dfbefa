import { fromBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minioAvailable } from '../../deploy/local/testing/services.ts'
import { DeadLetterSchema } from '../../proto/gen/millrace/v1/dead_letter_pb.js'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { SegmentClosedSchema } from '../../proto/gen/millrace/v1/segment_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { Log } from '../../runtime/Log.ts'
import { tell } from '../../runtime/Tell.ts'
import { Recordings } from '../database/Recordings.ts'
import { ArchiveProgress } from './ArchiveProgress.ts'
import { FINALIZE } from './Finalizer.ts'
import { finalizeRecording } from './finalizeRecording.ts'
import { ENTRY_KEPT_MS } from './limits.ts'
import { performSteps } from './performSteps.ts'
import { pruneStreams } from './pruneStreams.ts'
import type { ArchivePlaces } from './testing/archiveLayers.ts'
import { audio, expectWhole, filesOf, type Ground, hashesOf, pictures, places, sounds, source, startGround, startWorkers, textOf, untilReady } from './testing/archiveWorld.ts'
import { framesOfHls, widthOfJpeg } from './testing/decodedFrames.ts'
import { announce, finish, recordStream } from './testing/recordStream.ts'
import { until } from './testing/until.ts'

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
      await ground.runPromise(finish(stream))
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
      await ground.runPromise(finish(stream))
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
      await ground.runPromise(finish(stream))
      await untilReady(ground, 'pieces')
      await expectWhole(ground, stream.prefix)
      await workers.stop()
    })

    it('makes a recording of sound alone, without a poster', async () => {
      const stream = await ground.runPromise(recordStream('sound', [audio]))
      const workers = await startWorkers(at)
      await ground.runPromise(finish(stream))
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
    expect(await ground.runPromise(performSteps(finalizeRecording('waits')))).toBe('Waiting')
    expect(await ground.runPromise(Recordings.use((recordings) => recordings.get('waits')))).toMatchObject({ status: 'ended' })
    await ground.runPromise(finish(stream))
    expect(await untilReady(ground, 'waits')).toMatchObject({ status: 'ready' })
    await workers.stop()
  })

  it('does not end a recording while its stream goes on', async () => {
    await ground.runPromise(recordStream('live', [source], { open: true }))
    expect(await ground.runPromise(performSteps(finalizeRecording('live')))).toBe('NotEnded')
    expect(await ground.runPromise(performSteps(finalizeRecording('nobody')))).toBe('Unknown')
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
    await ground.runPromise(announce(lies))
    await ground.runPromise(Log.use((log) => log.publish(log.subject('segments', 'lies').subject, Buffer.from('\xff\xff garbage'))))
    await ground.runPromise(finish(stream))
    expect(await untilReady(ground, 'lies')).toMatchObject({ status: 'ready', segments: stream.announcements.length })
    expect((await workers.counts()).ignored).toBe(lies.length + 1)
    await workers.stop()
  })

  it('gives up a segment that is damaged in the log, parks it, and completes the recording around it', async () => {
    const stream = await ground.runPromise(recordStream('torn', [source, audio], { damage: { rendition: 'source', msn: 1 } }))
    const workers = await startWorkers(at)
    await ground.runPromise(finish(stream))
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

  it('has no recording where every segment is lost, and lets its entry go', async () => {
    const stream = await ground.runPromise(recordStream('all-torn', [source], { damage: { rendition: 'source' } }))
    const workers = await startWorkers(at)
    await ground.runPromise(finish(stream))
    expect(await untilReady(ground, 'all-torn')).toMatchObject({ status: 'ended', lostSegments: stream.announcements.length, renditions: [] })
    const entry = () => ground.runPromise(Buckets.use(({ streams }) => streams.get('all-torn')))
    const archived = await entry()
    expect(archived?.value).toMatchObject({ renditions: [], lostSegmentCount: stream.announcements.length })
    await ground.runPromise(pruneStreams(Number(archived?.value.endedAtMs) + ENTRY_KEPT_MS))
    expect(await entry()).toBeUndefined()
    await workers.stop()
  })

  it('tells the world once a recording is ready', async () => {
    const stream = await ground.runPromise(recordStream('event', [source, audio]))
    const workers = await startWorkers(at)
    await ground.runPromise(finish(stream))
    await untilReady(ground, 'event')
    const entries = await ground.runPromise(Log.use((log) => log.read({ log: 'EVENTS', subject: 'events.event.recording_ready' }, 1, Number.MAX_SAFE_INTEGER)))
    const [event] = entries.map(({ data }) => fromBinary(StreamEventSchema, data))
    expect(event).toMatchObject({ eventId: 'event.recording_ready', event: { case: 'recordingReady', value: { durationMs: 6_000n, segments: stream.announcements.length } } })
    await workers.stop()
  })

  it('closes the recording of a stream that never had media, and calls it not ready', async () => {
    const stream = await ground.runPromise(recordStream('empty', []))
    await ground.runPromise(finish(stream))
    const workers = await startWorkers(at)
    expect(await untilReady(ground, 'empty')).toMatchObject({ status: 'ended', segments: 0, renditions: [] })
    expect((await filesOf(ground, stream.prefix)).size).toBe(0)
    expect(await ground.runPromise(Log.use((log) => log.head({ log: 'EVENTS', subject: 'events.empty.recording_ready' })))).toBeUndefined()
    await workers.stop()
  })

  it('lets the MEDIA log go only behind what is archived', async () => {
    const stream = await ground.runPromise(recordStream('trim', [source, audio]))
    const oldest = () => ground.runPromise(ArchiveProgress.use((progress) => progress.oldestUnarchivedSeq('trim')))
    await ground.runPromise(finish(stream))
    expect(await oldest()).toBe(Math.min(...stream.announcements.map(({ firstSeq }) => Number(firstSeq))))
    const workers = await startWorkers(at)
    await untilReady(ground, 'trim')
    await workers.stop()
    expect(await oldest()).toBeUndefined()
    expect(await ground.runPromise(ArchiveProgress.use((progress) => progress.oldestUnarchivedSeq('nobody')))).toBeUndefined()
  })
})
