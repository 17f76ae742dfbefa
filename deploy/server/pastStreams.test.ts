import { create } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { lossesIn } from '../../actors/archive/keptLosses.ts'
import { type Recording, Recordings } from '../../actors/database/Recordings.ts'
import { PastStreams } from '../../edge/http/PastStreams.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { pastStreams } from './pastStreams.ts'

const row = (id: string, status: Recording['status'], endedAt_ms: number | null): Recording =>
  ({ id, title: '', status, keyPrefix: `${id}/`, createdAt_ms: 1, endedAt_ms, duration_ms: null, renditions: [], segments: 0, lostSegments: 0, frames: 0, bytes: 0, reason: '', fenceToken: 1 })

const rows = [row('live', 'live', null), row('ready', 'ready', 2), row('ended', 'ended', 2), row('failed', 'failed', 2)]

const table = Layer.mock(Recordings, {
  get: (id) => Effect.succeed(rows.find((one) => one.id === id)),
  losses: (id) => Effect.succeed(id === 'ready' ? lossesIn(create(StreamStateSchema, { lostChunks: 3n })) : undefined),
  list: () => Effect.succeed(rows)
})

it.effect('a stream is past once it has ended, also without media; not while it is live. What it has lost is told', () =>
  Effect.gen(function* () {
    const past = yield* PastStreams
    expect((yield* past.newest(10)).map(({ streamId, status }) => [streamId, status])).toEqual([
      ['ready', StreamStatus.ARCHIVED], ['ended', StreamStatus.ENDED], ['failed', StreamStatus.FAILED]
    ])
    expect((yield* past.get('failed'))?.status).toBe(StreamStatus.FAILED)
    expect((yield* past.get('ready'))?.lostChunks).toBe(3n)
    expect(yield* past.get('live')).toBeUndefined()
  }).pipe(Effect.provide(pastStreams.pipe(Layer.provide(table)))))
