import { Effect } from 'effect'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeIngestRecord, framesIn, splitFrames } from '../actors/inbox/ingestRecord.ts'
import { freshNatsUrl } from '../deploy/local/testing/services.ts'
import { startEdge, type TestEdge } from '../edge/ingest/testing/edge.ts'
import { type Proxy, proxyTo } from './kit/proxy.ts'
import { startPublishing } from './kit/publisher.ts'

const away_ms = 115
const chunks = 120
const apart_ms = 25
/** One record for each chunk would take 14 s, of which the publisher sends for 3. */
const caughtUpWithin_ms = 5_000

let proxy: Proxy
let edge: TestEdge
beforeAll(async () => {
  const natsUrl = freshNatsUrl()
  proxy = await proxyTo(natsUrl)
  edge = await startEdge(proxy.through(natsUrl))
})
afterAll(async () => {
  await edge.stop()
  await proxy.close()
})

const chunkOf = (index: number): Uint8Array => Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, index, ...new Uint8Array(2_000 + index))

/** Sends chunks as a camera does, each at its time. */
const film = (send: (chunk: Uint8Array) => void): Promise<void> =>
  new Promise((resolve) => {
    let sent = 0
    const begun_ms = performance.now()
    const timer = setInterval(() => {
      for (; sent < chunks && begun_ms + sent * apart_ms <= performance.now(); sent++) send(chunkOf(sent))
      if (sent < chunks) return
      clearInterval(timer)
      resolve()
    }, apart_ms)
  })

test('a publisher of many small chunks is kept up with where each answer of the log takes longer than several chunks', async () => {
  const publisher = await startPublishing(edge.url, { mimeType: 'video/webm' })
  proxy.travel({ delay_ms: away_ms / 2 })
  await film(publisher.send)
  const filmed_ms = performance.now()
  await publisher.drained()
  expect(performance.now() - filmed_ms).toBeLessThan(caughtUpWithin_ms)
  proxy.heal()
  const entries = await Effect.runPromise(edge.log.read(edge.log.subject('ingest', publisher.recordingId), 1, Number.MAX_SAFE_INTEGER))
  const stored = entries.map(({ data }) => decodeIngestRecord(data).body).flatMap((body) => (body.case === 'chunk' ? [body.value] : []))
  expect(stored.flatMap((chunk) => splitFrames(chunk, 0)).map(({ chunk }) => [chunk.seq, chunk.data[4], chunk.data.length])).toEqual(
    Array.from({ length: chunks }, (_, index) => [index, index, chunkOf(index).length]),
  )
  expect(Math.max(...stored.map(framesIn))).toBeGreaterThan(1)
  publisher.leave()
})
