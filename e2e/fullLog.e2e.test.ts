import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { recording } from '../actors/testing/recordings.ts'
import { until } from '../actors/archive/testing/until.ts'
import { decodeCapture, decodeRecording, timingFaults } from './kit/comparison.ts'
import type { PublishingEnded } from './kit/edgeSocket.ts'
import { usePlatform } from './kit/nodes.ts'
import { startPublishing } from './kit/publisher.ts'
import { readRecording } from './kit/watching.ts'

const log_bytes = 64 * 1024 ** 2
const platform = usePlatform({ environment: { MILLRACE_LOG_BYTES: String(log_bytes), MILLRACE_SHARDS: '1' } })
const source = recording('h264.webm')

/** Bytes that mean nothing: their stream will fail, and fills the log until somebody finds that out. */
const nothing = new Uint8Array(16 * 1024)

test('a full log refuses chunks and new streams with 1013; what was accepted is all there when it has room again', async () => {
  const [edge, actors] = await Promise.all([platform.start({ name: 'edge', roles: 'edge' }), platform.start({ name: 'actors', roles: 'actors,archive' })])
  const half = Math.floor(source.chunks.length / 2)
  const filler = await startPublishing(edge.url, { recordingId: 'fills', mimeType: source.mimeType, resumes: false })
  const publisher = await startPublishing(edge.url, { recordingId: 'waits', mimeType: source.mimeType, giveUpAfter_ms: 90_000 })
  // Nobody reads, and nobody trims, until it wakes.
  actors.signal('SIGSTOP')
  filler.send(source.chunks[0]?.bytes ?? new Uint8Array(0))
  const fill = async (chunks: number): Promise<void> => {
    for (let sent = 0; sent < chunks; sent++) {
      filler.send(nothing)
      await filler.drained(16)
    }
  }
  await fill(800)
  for (const { bytes } of source.chunks.slice(0, half)) publisher.send(bytes)
  await publisher.drained()
  const full = await fill(Number.POSITIVE_INFINITY).catch((error: PublishingEnded) => error)
  if (full === undefined) throw new Error('the log never was full')
  expect(full.code).toBe(1013)
  expect(filler.acknowledged()).toBeGreaterThan(1_000)
  // Viewers, and publishers who resume, may come all the same.
  expect((await fetch(`${edge.url}/ready`)).status).toBe(200)
  expect(await startPublishing(edge.url).catch((error: PublishingEnded) => error.code)).toBe(1013)

  for (const { bytes } of source.chunks.slice(half)) publisher.send(bytes)
  await delay(500)
  const acknowledged = publisher.acknowledged()
  expect(acknowledged).toBeLessThan(source.chunks.length)

  actors.signal('SIGCONT')
  await publisher.drained()
  await publisher.stop()
  const archived = (await readRecording(edge.url, 'waits')).get('source')
  if (archived === undefined) throw new Error('there is no recording')
  const { frames } = await decodeCapture(archived)
  expect(frames.length).toBe(source.frames)
  expect(timingFaults(frames, (await decodeRecording(source)).frames)).toEqual([])
  await until('new streams may start again', () => startPublishing(edge.url).then((publisher) => { publisher.leave(); return true as const }, () => undefined), 30_000)
})
