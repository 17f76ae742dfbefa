import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LossKind, LossSchema } from '../../proto/gen/millrace/v1/loss_pb.js'
import { RenditionStateSchema, StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { Nats } from '../../runtime/Nats.ts'
import { tell } from '../../runtime/Tell.ts'
import { Recordings } from '../database/Recordings.ts'
import { FINALIZE } from './Finalizer.ts'
import { withLosses } from './keptLosses.ts'
import { ENTRY_KEPT_MS } from './limits.ts'
import { pruneStreams } from './pruneStreams.ts'
import { audio, type Ground, places, source, startGround, startWorkers, untilReady } from './testing/archiveWorld.ts'
import { finish, recordStream } from './testing/recordStream.ts'

let ground: Ground
let stopWorkers: () => Promise<void>
beforeAll(async () => {
  const at = await places('directory')
  ground = startGround(at)
  stopWorkers = (await startWorkers(at)).stop
})
afterAll(async () => {
  await stopWorkers()
  await ground.dispose()
})

const now_ms = Date.now()
const longAgo_ms = now_ms - 2 * ENTRY_KEPT_MS
const renditions = [create(RenditionStateSchema, { name: 'source' })]
const entry = (streamId: string, fields: object) =>
  ground.runPromise(Buckets.use(({ streams }) => streams.create(streamId, create(StreamStateSchema, { streamId, status: StreamStatus.ARCHIVED, endedAtMs: BigInt(longAgo_ms), ...fields }))))

/** The row of a stream that ended without media. */
const ended = (id: string) =>
  ground.runPromise(Recordings.use((recordings) => recordings.conclude(
    { id, title: '', keyPrefix: `${id}/`, createdAt_ms: longAgo_ms },
    { status: 'ended', endedAt_ms: longAgo_ms, duration_ms: 0, renditions: [], reason: '', fenceToken: 1 }
  )))

/** Keys of the bucket, and how many messages it takes to hold them. */
const held = () =>
  ground.runPromise(
    Effect.gen(function* () {
      const { manager } = yield* Nats
      const all = yield* (yield* Buckets).streams.all
      const { state } = yield* Effect.promise(() => manager.streams.info('KV_streams'))
      return { keys: all.map(({ key }) => key).sort(), messages: state.messages }
    })
  )

it('entries of complete recordings leave the bucket without a trace, their losses are kept; those that are needed stay', async () => {
  const stream = await ground.runPromise(recordStream('complete', [source, audio]))
  await ground.runPromise(finish(stream))
  await ground.runPromise(tell(FINALIZE, 'complete'))
  await untilReady(ground, 'complete')
  await entry('nothing-recorded', {})
  await ended('nothing-recorded')
  await entry('not-ready', { renditions })
  await ended('not-ready')
  await entry('no-row', {})
  await entry('tells-of-a-loss', { losses: [create(LossSchema, { kind: LossKind.DAMAGED, chunks: 1, reason: 'chunk 7 is damaged' })], lostChunks: 3n, discontinuities: 2 })
  await ended('tells-of-a-loss')
  await entry('live', { status: StreamStatus.LIVE, endedAtMs: 0n })
  await entry('has-just-ended', { endedAtMs: BigInt(now_ms - 1_000) })
  expect(await ground.runPromise(pruneStreams(now_ms))).toBe(3)
  expect(await held()).toEqual({ keys: ['has-just-ended', 'live', 'no-row', 'not-ready'], messages: 4 })
  const keptOf = (id: string) => ground.runPromise(Recordings.use((recordings) => recordings.losses(id)))
  expect(await keptOf('complete')).toBeUndefined()
  expect(withLosses(create(StreamStateSchema, { streamId: 'tells-of-a-loss' }), (await keptOf('tells-of-a-loss')) ?? '')).toMatchObject({
    streamId: 'tells-of-a-loss', lostChunks: 3n, discontinuities: 2, losses: [{ kind: LossKind.DAMAGED, chunks: 1, reason: 'chunk 7 is damaged' }]
  })
  expect(await ground.runPromise(pruneStreams(now_ms))).toBe(0)
})
