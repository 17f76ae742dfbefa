import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshNatsUrl } from '../../deploy/local/testing/services.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { startEdge } from '../testing/startEdge.ts'

test('whoever asks for streams that are not there takes no place from those that are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-strangers-'))
  const edge = await startEdge({ natsUrl: await freshNatsUrl(), objectStoreUrl: `file:${folder}`, settings: { followedMax: 1 } })
  try {
    await edge.runtime.runPromise(Effect.flatMap(Buckets, ({ streams }) => streams.create('here', create(StreamStateSchema, { streamId: 'here', status: StreamStatus.LIVE }))))
    const strangers = Array.from({ length: 100 }, async (_, index) => (await fetch(`${edge.url}/live/stranger-${index}/index.m3u8`)).status)
    const followed = await edge.runtime.runPromise(Effect.scoped(Effect.map(edge.follower.follow('here'), ({ id }) => id)))
    expect(followed).toBe('here')
    expect(new Set(await Promise.all(strangers))).toEqual(new Set([404]))
    expect(edge.counters.values().follow_refused).toBe(undefined)
  } finally {
    await edge.stop()
    rmSync(folder, { recursive: true })
  }
})
