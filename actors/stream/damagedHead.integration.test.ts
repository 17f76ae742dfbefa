import { create, fromBinary } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { EndReason, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { runtimeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { Ffmpeg } from '../ffmpeg/FfmpegChild.ts'
import { recording } from '../testing/recordings.ts'
import { closeFailed } from './closeFailed.ts'
import { mediaCodec } from './mediaCodec.ts'
import { makePerformer } from './performer.ts'
import { defaultStreamSettings, StreamSettings } from './StreamSettings.ts'
import { actorNode, openPublisher, recordsOf } from './testing/streamRig.ts'

const GARBAGE = new Uint8Array([0xff, 0xfe, 0xfd])

/** Writes garbage behind the newest record of a log. */
const damage = Effect.fnUntraced(function* (kind: 'ingest' | 'media', id: string) {
  const log = yield* Log
  const at = log.subject(kind, id)
  return yield* log.appender(at, (yield* log.head(at))?.seq ?? 0).append(GARBAGE)
})

const createStream = (id: string) =>
  Effect.flatMap(Buckets, ({ streams }) => streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, keyPrefix: `recordings/test/${id}/` })))

const entryOf = (id: string) => Effect.flatMap(Buckets, ({ streams }) => Effect.map(streams.get(id), (entry) => entry?.value))

const endOfInbox = Effect.fnUntraced(function* (id: string) {
  const log = yield* Log
  const head = yield* log.head(log.subject('ingest', id))
  const body = head === undefined ? undefined : fromBinary(IngestRecordSchema, head.data).body
  return body?.case === 'end' ? body.value.reason : undefined
})

const alone = Layer.mergeAll(runtimeLayer(testSettings(natsUrl())), Layer.succeed(StreamSettings, defaultStreamSettings), Ffmpeg.layer)

it.live('a stream whose newest chunk cannot be read ends when its window closes, and says what it lost', () =>
  Effect.gen(function* () {
    const id = newId()
    const source = recording('100ms-h264.webm')
    const publisher = yield* openPublisher(id, source.mimeType)
    for (const { bytes } of source.chunks.slice(0, 30)) yield* publisher.chunk(bytes)
    yield* damage('ingest', id)
    const records = yield* recordsOf(id)
    const end = records.at(-1)
    expect(end?.body.case === 'end' ? end.body.value.reason : undefined).toBe(EndReason.WINDOW_CLOSED)
    expect(end?.checkpoint?.losses.map(({ kind }) => kind)).toEqual([LossKind.DAMAGED])
    expect(end?.checkpoint?.lostChunks).toBe(1n)
    expect(yield* endOfInbox(id)).toBe(EndReason.WINDOW_CLOSED)
  }).pipe(Effect.provide(actorNode(testSettings(natsUrl()), { reconnectWindow_ms: 1_000 }))), 60_000)

it.live('the recording of a failed stream is closed behind heads that cannot be read, from the newest record that can', () =>
  Effect.gen(function* () {
    const id = newId()
    const log = yield* Log
    const at = log.subject('media', id)
    yield* createStream(id)
    const stamp = { leaseRevision: 7, resumeSeq: 5, attempts: 0, fencingToken: 0, node: 'old', writtenAt_ms: 1 }
    const token = yield* log.appender(at, 0).append(mediaCodec.encode(mediaCodec.takeOver(undefined), stamp))
    yield* damage('ingest', id)
    const damaged = yield* damage('media', id)
    yield* closeFailed(id, 'an earlier owner', 6)
    expect((yield* log.head(at))?.seq).toBe(damaged)
    yield* closeFailed(id, 'it broke', 7)
    const head = yield* log.head(at)
    const end = head === undefined ? undefined : mediaCodec.decode(head.data, head.seq)
    expect(end?.body).toMatchObject({ case: 'end', value: { reason: EndReason.FAILED, detail: 'it broke' } })
    expect(end === undefined ? undefined : mediaCodec.stampOf(end)).toMatchObject({ leaseRevision: 7, resumeSeq: 5, fencingToken: token })
    expect(yield* endOfInbox(id)).toBe(EndReason.FAILED)
    expect(yield* entryOf(id)).toMatchObject({ status: StreamStatus.FAILED, reason: 'it broke' })
  }).pipe(Effect.provide(alone)), 30_000)

it.live('a stream of whose recording nothing can be read is told to have failed', () =>
  Effect.gen(function* () {
    const id = newId()
    yield* createStream(id)
    yield* damage('media', id)
    yield* closeFailed(id, 'it broke', 1)
    expect(yield* endOfInbox(id)).toBe(EndReason.FAILED)
    expect(yield* entryOf(id)).toMatchObject({ status: StreamStatus.FAILED, reason: 'it broke' })
  }).pipe(Effect.provide(alone)), 30_000)

it.live('an owner that comes back when its stream is over and trimmed away ends nothing', () =>
  Effect.gen(function* () {
    const id = newId()
    const revision = yield* createStream(id)
    const { streams } = yield* Buckets
    const archived = create(StreamStateSchema, { streamId: id, status: StreamStatus.ARCHIVED, keyPrefix: `recordings/test/${id}/` })
    yield* streams.update(id, archived, revision)
    yield* closeFailed(id, 'the log of the actor was removed', 1)
    expect(yield* endOfInbox(id)).toBeUndefined()
    expect(yield* entryOf(id)).toMatchObject({ status: StreamStatus.ARCHIVED, reason: '' })
  }).pipe(Effect.provide(alone)), 30_000)

it.live('what a stream wants done is done also after a defect in what it wanted before', () =>
  Effect.gen(function* () {
    const id = newId()
    const log = yield* Log
    let heads = 0
    const head: typeof log.head = (at) => (heads++ === 0 ? Effect.die('a defect') : log.head(at))
    const owned = { id, token: 1, head: undefined, resumeSeq: 1, attempts: 0 }
    const perform = yield* makePerformer(owned, () => undefined, Effect.never).pipe(Effect.provideService(Log, { ...log, head }))
    perform({ _tag: 'EndIngest', reason: EndReason.WINDOW_CLOSED, ifHead: undefined })
    perform({ _tag: 'EndIngest', reason: EndReason.FAILED, ifHead: undefined })
    const ended = Effect.flatMap(endOfInbox(id), (reason) => (reason === undefined ? Effect.fail('not ended') : Effect.succeed(reason)))
    expect(yield* ended.pipe(Effect.tapError(() => Effect.sleep(10)), Effect.eventually, Effect.timeout(5_000))).toBe(EndReason.FAILED)
  }).pipe(Effect.scoped, Effect.provide(alone)), 30_000)
