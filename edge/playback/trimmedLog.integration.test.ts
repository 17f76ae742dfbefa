import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { expect, it } from 'vitest'
import { parseMedia } from '../../actors/playlist/testing/parsePlaylist.ts'
import { checkMedia } from '../../actors/playlist/testing/rules.ts'
import { freshNatsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { MediaWriter } from '../testing/MediaWriter.ts'
import { encodeMedia } from '../testing/realMedia.ts'
import { startEdge } from '../testing/startEdge.ts'

it('a viewer who comes to a log that was trimmed into the live window begins with what is left of it, and sees no gap', async () => {
  const edge = await startEdge({ natsUrl: freshNatsUrl(), objectStoreUrl: await objectStoreUrl('directory') })
  try {
    const id = newId()
    const run = <A, E>(effect: Effect.Effect<A, E, Log | Buckets>): Promise<A> => edge.runtime.runPromise(effect)
    await run(Buckets.use(({ streams }) => streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, title: '', createdAtMs: 1n, keyPrefix: `recordings/2026/01/02/${id}/` }))))
    const writer = await run(Log.use((log) => Effect.succeed(new MediaWriter(log.appender(log.subject('media', id), 0), encodeMedia(14), 30))))
    await run(writer.takeOver())
    await run(writer.write(5))
    const middle = writer.seqs.at(-1) ?? 0
    await run(writer.write(7))
    expect(await run(Log.use((log) => log.purge(log.subject('media', id).log, middle)))).toBeGreaterThan(10)
    const text = await (await fetch(`${edge.url}/live/${id}/source/playlist.m3u8`)).text()
    expect(text).not.toContain('GAP')
    expect(checkMedia(text).broken).toEqual([])
    const { segments } = parseMedia(text)
    expect(segments.length).toBeGreaterThan(1)
    for (const { uri } of segments.slice(0, -1)) expect((await fetch(`${edge.url}/live/${id}/source/${uri}`)).status, uri).toBe(200)
  } finally {
    await edge.stop()
  }
}, 60_000)
