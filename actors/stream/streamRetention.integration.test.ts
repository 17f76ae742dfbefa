import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { databaseUrl, natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { trimLogs } from '../../runtime/Janitor.ts'
import { Log } from '../../runtime/Log.ts'
import { Retention } from '../../runtime/Retention.ts'
import { testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { ArchiveProgress } from '../archive/ArchiveProgress.ts'
import { archiveGround, archiveWorkers } from '../archive/testing/archiveLayers.ts'
import { recording } from '../testing/recordings.ts'
import { streamRetention } from './streamRetention.ts'
import { actorNode, openPublisher, publishRecording, recordsOf } from './testing/streamRig.ts'

const until = <R>(what: string, condition: Effect.Effect<boolean, unknown, R>): Effect.Effect<void, unknown, R> =>
  condition.pipe(
    Effect.flatMap((reached) => (reached ? Effect.void : Effect.fail(what))),
    Effect.tapError(() => Effect.sleep(50)),
    Effect.eventually,
    Effect.timeout(20_000)
  )

const firstSeq = Effect.fnUntraced(function* (kind: 'ingest' | 'media', id: string) {
  const log = yield* Log
  return (yield* log.read(log.subject(kind, id), 1, Number.MAX_SAFE_INTEGER))[0]?.seq
})

/** Publishes all of a recording and leaves the stream live; resolves once segments of it are archived. */
const publishUntilArchived = Effect.fnUntraced(function* (id: string, source: ReturnType<typeof recording>) {
  const publisher = yield* openPublisher(id, source.mimeType)
  for (const chunk of source.chunks) yield* publisher.chunk(chunk.bytes)
  const { oldestUnarchivedSeq } = yield* ArchiveProgress
  yield* until('segments are archived', Effect.map(Effect.all([oldestUnarchivedSeq(id), firstSeq('media', id)]), ([oldest, first]) => (oldest ?? 0) > (first ?? 0) + 5))
  return publisher
})

const places = Effect.promise(async () => ({ natsUrl: natsUrl(), databaseUrl: await databaseUrl(), storeUrl: await objectStoreUrl('directory') }))

type Places = Effect.Success<typeof places>

/** An actor node, the archive and the retention of both. */
const liveAndArchived = (at: Places) => Effect.provide(Layer.mergeAll(actorNode(testSettings(at.natsUrl)), archiveWorkers).pipe(Layer.provideMerge(streamRetention), Layer.provideMerge(archiveGround(at))))

it.live('trims a stream only behind what is archived, and wholly once its recording is complete and its viewers have had time to come to the end', () =>
  Effect.gen(function* () {
    const at = yield* places
    const id = newId()
    yield* publishRecording(id, recording('100ms-h264.webm'), 4).pipe(Effect.andThen(recordsOf(id)), Effect.provide(actorNode(testSettings(at.natsUrl))))
    yield* Effect.gen(function* () {
      const { streams } = yield* Buckets
      yield* until('the stream has ended', Effect.map(streams.get(id), (entry) => entry?.value.status === StreamStatus.ENDED))
      const before = yield* firstSeq('media', id)
      yield* trimLogs
      const kept = yield* ArchiveProgress.use((progress) => progress.oldestUnarchivedSeq(id))
      expect(kept).toBeGreaterThan(before ?? 0)
      expect(yield* firstSeq('media', id)).toBe(kept)
      const complete = Effect.map(streams.get(id), (entry) => entry?.value.status === StreamStatus.ARCHIVED)
      yield* until('the recording is complete', complete).pipe(Effect.provide(archiveWorkers))
      yield* trimLogs
      expect(yield* firstSeq('media', id)).toBe(kept)
      const entry = yield* streams.get(id)
      if (entry === undefined) return expect.fail('the entry is gone')
      yield* streams.update(id, { ...entry.value, endedAtMs: entry.value.endedAtMs - 60_000n }, entry.revision)
      yield* trimLogs
      expect(yield* firstSeq('media', id)).toBeUndefined()
      expect(yield* firstSeq('ingest', id)).toBeUndefined()
    }).pipe(Effect.provide(streamRetention.pipe(Layer.provideMerge(archiveGround(at)))))
  }), 60_000)

it.live('keeps of a live stream what a successor, its viewers and its publisher need', () =>
  Effect.gen(function* () {
    const at = yield* places
    const id = newId()
    const source = recording('h264.webm')
    yield* Effect.gen(function* () {
      const publisher = yield* publishUntilArchived(id, source)
      const resume = yield* firstSeq('ingest', id)
      yield* trimLogs
      expect(yield* firstSeq('ingest', id)).toBeGreaterThan(resume ?? 0)
      yield* publisher.stop
      const records = yield* recordsOf(id)
      expect(records.at(-1)?.checkpoint?.renditions.find(({ name }) => name === 'source')?.frames).toBe(BigInt(source.frames))
    }).pipe(liveAndArchived(at))
  }), 60_000)

it.live('takes the window of a live stream that stores nothing while its log is three quarters full, whatever of its records the log has no room for', () =>
  Effect.gen(function* () {
    const at = yield* places
    const id = newId()
    yield* Effect.gen(function* () {
      const publisher = yield* publishUntilArchived(id, recording('h264.webm'))
      const retention = yield* Retention
      const floor = (share: number) => Effect.map(retention.floors(id, share), ({ media }) => media ?? 0)
      const window = yield* floor(0.9)
      yield* until('the window is taken', Effect.map(floor(0.76), (media) => media > window))
      expect(yield* floor(0.74)).toBe(window)
      yield* publisher.stop
    }).pipe(liveAndArchived(at))
  }), 60_000)
