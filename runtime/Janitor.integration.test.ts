import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { freshNatsUrl } from '../deploy/local/testing/services.ts'
import { Buckets } from './Bucket.ts'
import { LogUnavailable } from './errors.ts'
import { newId } from './ids.ts'
import { ARCHIVE_CONSUMER, janitor, trimLogs, trimSegments } from './Janitor.ts'
import { FLOOR_READS_MAX } from './limits.ts'
import { Log } from './Log.ts'
import { Nats } from './Nats.ts'
import { type Floors, Retention } from './Retention.ts'
import type { RuntimeSettings } from './RuntimeSettings.ts'
import { runtimeLayer, testNodeLayer, testSettings } from './testing/runtimeLayer.ts'
import { until } from './testing/counterWorld.ts'
import { shardOf, subjects } from './topology.ts'
import { WorkQueue } from './WorkQueue.ts'

const settings = (node = 'test') => testSettings(url, { shards: 1, node })
let url = ''
const inFreshAccount = <A, E>(use: () => Effect.Effect<A, E, Log | WorkQueue | Buckets | Nats | RuntimeSettings>) => {
  url = freshNatsUrl()
  return Effect.suspend(use).pipe(Effect.provide(runtimeLayer(settings())))
}

const retention = (floors: ReadonlyMap<string, Floors>, beforeIds: Effect.Effect<void> = Effect.void) =>
  Layer.succeed(Retention, Retention.of({
    ids: Effect.as(beforeIds, [...floors.keys()]),
    floors: (id) => Effect.succeed(floors.get(id) ?? { ingest: undefined, media: undefined })
  }))

const write = (log: 'ingest' | 'media', id: string, count: number, bytes = 100) =>
  Effect.gen(function* () {
    const logs = yield* Log
    const at = logs.subject(log, id)
    const appender = logs.appender(at, (yield* logs.head(at))?.seq ?? 0)
    const seqs: Array<number> = []
    for (let i = 0; i < count; i++) seqs.push(yield* appender.append(new Uint8Array(bytes)))
    return seqs
  })
const held = (log: 'ingest' | 'media', id: string) =>
  Effect.gen(function* () {
    const logs = yield* Log
    return (yield* logs.read(logs.subject(log, id), 1, Number.MAX_SAFE_INTEGER)).map(({ seq }) => seq)
  })

it.live('trims each log up to what the neediest of its actors still needs, and nothing of it', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const [slow, fast] = [newId(), newId()]
    const slowSeqs = yield* write('ingest', slow, 10)
    const fastSeqs = yield* write('ingest', fast, 10)
    const media = yield* write('media', fast, 10)
    const floors = new Map([[slow, { ingest: slowSeqs[6], media: 1 }], [fast, { ingest: fastSeqs[9], media: media[3] }]])
    yield* trimLogs.pipe(Effect.provide(retention(floors)))
    expect(yield* held('ingest', slow)).toEqual(slowSeqs.slice(6))
    expect(yield* held('ingest', fast)).toEqual(fastSeqs)
    expect(yield* held('media', fast)).toEqual(media)
    floors.delete(slow)
    yield* trimLogs.pipe(Effect.provide(retention(floors)))
    expect(yield* held('ingest', slow)).toEqual([])
    expect(yield* held('ingest', fast)).toEqual(fastSeqs.slice(9))
    expect(yield* held('media', fast)).toEqual(media.slice(3))
  })))

it.live('an actor that needs an old record does not keep a log full of what nobody else needs', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const log = yield* Log
    const [quiet, busy, gone] = [newId(), newId(), newId()]
    const quietSeqs = yield* write('ingest', quiet, 3)
    const floors = new Map<string, Floors>([[quiet, { ingest: quietSeqs[1], media: 1 }]])
    const { bytesMax } = yield* log.usage('INGEST_0')
    const record_bytes = Math.floor(bytesMax / 40)
    const busySeqs = yield* write('ingest', busy, 15, record_bytes)
    floors.set(busy, { ingest: busySeqs[12], media: 1 })
    yield* write('ingest', gone, 15, record_bytes)
    yield* trimLogs.pipe(Effect.provide(retention(floors)))
    expect(yield* held('ingest', quiet)).toEqual(quietSeqs.slice(1))
    const { serverVersion } = yield* Nats
    if (/^2\.[0-9]\./.test(serverVersion)) return
    expect(yield* held('ingest', busy)).toEqual(busySeqs.slice(12))
    expect(yield* held('ingest', gone)).toEqual([])
    expect((yield* log.usage('INGEST_0')).bytes).toBeLessThan(bytesMax / 8)
  })), 20_000)

it.live('with no actor left everything goes, and writing goes on behind it', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const id = newId()
    const seqs = yield* write('media', id, 5)
    yield* trimLogs.pipe(Effect.provide(retention(new Map())))
    expect(yield* held('media', id)).toEqual([])
    const next = newId()
    expect((yield* write('media', next, 1))[0]).toBe((seqs.at(-1) ?? 0) + 1)
  })))

it.live('an actor for whom nothing may go keeps the whole log', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const [id, other] = [newId(), newId()]
    const seqs = yield* write('media', id, 5)
    const otherSeqs = yield* write('media', other, 5)
    yield* trimLogs.pipe(Effect.provide(retention(new Map<string, Floors>([[id, { ingest: 1, media: undefined }], [other, { ingest: 1, media: otherSeqs[4] }]]))))
    expect(yield* held('media', id)).toEqual(seqs)
    expect(yield* held('media', other)).toEqual(otherSeqs)
  })))

it.live('an actor whose need cannot be known keeps the logs of its own shard, and no others', () =>
  Effect.gen(function* () {
    const [known, unknown] = [0, 1].map((shard) => Array.from({ length: 100 }, newId).find((id) => shardOf(id, 2) === shard) ?? '') as [string, string]
    const knownSeqs = yield* write('ingest', known, 5)
    const unknownSeqs = yield* write('ingest', unknown, 5)
    const failing = Retention.of({
      ids: Effect.succeed([known, unknown]),
      floors: (id) => (id === known ? Effect.succeed({ ingest: knownSeqs[3], media: 1 }) : Effect.fail(new LogUnavailable({ operation: 'head', reason: 'no answer' })))
    })
    yield* trimLogs.pipe(Effect.provideService(Retention, failing))
    expect(yield* held('ingest', known)).toEqual(knownSeqs.slice(3))
    expect(yield* held('ingest', unknown)).toEqual(unknownSeqs)
  }).pipe(Effect.provide(runtimeLayer(testSettings(freshNatsUrl(), { shards: 2 })))))

it.live('a round ends where what any actor needs cannot be known', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const ids = Array.from({ length: FLOOR_READS_MAX + 1 }, newId)
    const failing = Retention.of({ ids: Effect.succeed(ids), floors: () => Effect.fail(new LogUnavailable({ operation: 'head', reason: 'no answer' })) })
    expect(yield* Effect.flip(trimLogs.pipe(Effect.provideService(Retention, failing)))).toMatchObject({ _tag: 'LogUnavailable', reason: 'no answer' })
  })))

it.live('what a stream writes that begins while the janitor reads the list stays', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const [before, after] = [newId(), newId()]
    const log = yield* Log
    yield* write('ingest', before, 5)
    let seqs: ReadonlyArray<number> = []
    const begins = write('ingest', after, 5).pipe(Effect.map((written) => void (seqs = written)), Effect.provideService(Log, log), Effect.orDie)
    yield* trimLogs.pipe(Effect.provide(retention(new Map(), begins)))
    expect(yield* held('ingest', before)).toEqual([])
    expect(yield* held('ingest', after)).toEqual(seqs)
  })))

it.live('SEGMENTS is trimmed behind what the archive has acknowledged, and not before there is one', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const log = yield* Log
    const id = newId()
    for (let i = 0; i < 6; i++) yield* log.publish(subjects.segments(id), new Uint8Array([i]))
    yield* trimSegments
    expect((yield* log.usage('SEGMENTS')).messages).toBe(6)
    const queue = yield* WorkQueue
    let taken = 0
    yield* Effect.gen(function* () {
      yield* queue.consume({ log: 'SEGMENTS', durable: ARCHIVE_CONSUMER, concurrency: 1, ackWait_ms: 60_000 }, (item) =>
        ++taken <= 4 ? item.ack : item.retryIn(60_000))
      yield* until('six were taken', Effect.sync(() => taken >= 6))
    }).pipe(Effect.scoped)
    yield* until('four are gone', Effect.andThen(trimSegments, Effect.map(log.usage('SEGMENTS'), ({ messages }) => messages === 2)))
  })))

it.live('one janitor of many works at a time, and gives its lease up when it goes', () =>
  inFreshAccount(() => Effect.gen(function* () {
    const { leases } = yield* Buckets
    const id = newId()
    yield* write('ingest', id, 5)
    const log = yield* Log
    yield* Effect.gen(function* () {
      yield* Layer.build(janitor.pipe(Layer.provide(retention(new Map())), Layer.provide(testNodeLayer(settings('one')))))
      yield* until('one has the lease', Effect.map(leases.get('janitor.trim'), (lease) => lease?.value.node === 'one'))
      yield* until('it has trimmed', Effect.map(log.usage('INGEST_0'), ({ messages }) => messages === 0))
      yield* Layer.build(janitor.pipe(Layer.provide(retention(new Map())), Layer.provide(testNodeLayer(settings('two')))))
      expect((yield* leases.get('janitor.trim'))?.value.node).toBe('one')
    }).pipe(Effect.scoped)
    expect(yield* leases.get('janitor.trim')).toBeUndefined()
  })), 20_000)
