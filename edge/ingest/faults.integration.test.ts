import { fromBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { expect, it, onTestFinished } from 'vitest'
import { recording } from '../../actors/testing/recordings.ts'
import { type Restartable, startNats } from '../../deploy/local/testing/services.ts'
import { IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { startEdge, type TestEdge } from './testing/edge.ts'
import { readFrames } from './testing/ingestWorld.ts'
import { resumePublisher, startPublisher, TestPublisher, until } from './testing/TestPublisher.ts'

const readStream = async ({ log }: TestEdge, id: string) => {
  const entries = await Effect.runPromise(log.read(log.subject('ingest', id), 1, Number.MAX_SAFE_INTEGER))
  return entries.map((entry) => fromBinary(IngestRecordSchema, entry.data))
}

const withNats = async (options: Parameters<typeof startNats>[0] = {}): Promise<Restartable> => {
  const nats = await startNats(options)
  onTestFinished(() => nats.stop())
  return nats
}

const withEdge = async (...args: Parameters<typeof startEdge>): Promise<TestEdge> => {
  const edge = await startEdge(...args)
  onTestFinished(() => edge.stop())
  return edge
}

const webm = (bytes: number, salt = 0): Uint8Array => {
  const frame = new Uint8Array(bytes).map((_, index) => (index * 7 + salt) & 0xff)
  frame.set([0x1a, 0x45, 0xdf, 0xa3])
  return frame
}

it('a frame of 2 MB passes a server that takes 1 MB, in pieces', async () => {
  const nats = await withNats({ payload_bytes_max: 1024 * 1024 })
  const edge = await withEdge(nats.url)
  const { publisher, started } = await startPublisher(edge.url)
  const frame = webm(2 * 1024 * 1024)
  publisher.send(frame)
  publisher.send(webm(10))
  await publisher.acked(1)
  const records = await readStream(edge, started.recordingId)
  expect(records.filter(({ body }) => body.case === 'chunk')).toHaveLength(4)
  expect(Buffer.compare(readFrames(records)[0]?.bytes ?? new Uint8Array(), frame)).toBe(0)
  publisher.cut()
})

it('killing NATS again and again in the middle loses no acknowledged frame and stores none twice', async () => {
  const nats = await withNats()
  const edge = await withEdge(nats.url)
  const { chunks, bytes } = recording('100ms-h264.webm')
  const { publisher, started } = await startPublisher(edge.url)
  const kills = 5
  const step = Math.floor(chunks.length / (kills + 1))
  for (let kill = 1; kill <= kills; kill++) {
    for (const chunk of chunks.slice((kill - 1) * step, kill * step - 3)) publisher.send(chunk.bytes)
    await until('some acks', () => (publisher.last('ack')?.seq ?? -1) >= (kill - 1) * step)
    await nats.kill()
    for (const chunk of chunks.slice(kill * step - 3, kill * step)) publisher.send(chunk.bytes)
    await nats.restart()
    await publisher.acked(kill * step - 1)
  }
  for (const chunk of chunks.slice(kills * step)) publisher.send(chunk.bytes)
  await publisher.acked(chunks.length - 1)
  const frames = readFrames(await readStream(edge, started.recordingId))
  expect(frames).toHaveLength(chunks.length)
  expect(Buffer.compare(Buffer.concat(frames.map((frame) => frame.bytes)), bytes)).toBe(0)
  publisher.cut()
}, 60_000)

it('while NATS is away no frame is acknowledged, and past the bound the publisher is sent away and resumes later', async () => {
  const nats = await withNats()
  const edge = await withEdge(nats.url, { unackedBytesMax: 1_000_000 })
  const { publisher, started } = await startPublisher(edge.url)
  publisher.send(webm(1_000))
  await publisher.acked(0)
  await nats.freeze()
  const frames = Array.from({ length: 12 }, (_, index) => webm(100_000, index))
  for (const frame of frames) publisher.send(frame)
  expect(await publisher.closing()).toBe(1013)
  expect(publisher.last('ack')?.seq).toBe(0)
  nats.thaw()
  const next = await resumePublisher(edge.url, started)
  const { nextSeq } = await next.heard('resumed')
  for (const [index, frame] of frames.entries()) {
    if (index + 1 < nextSeq) continue
    next.send(frame)
    await next.acked(index + 1)
  }
  const stored = readFrames(await readStream(edge, started.recordingId))
  expect(stored.map((frame) => frame.bytes.length)).toEqual([1_000, ...frames.map((frame) => frame.length)])
  for (const [index, frame] of frames.entries()) expect(Buffer.compare(frame, stored[index + 1]?.bytes ?? new Uint8Array())).toBe(0)
  next.cut()
}, 60_000)

it('a frame of which NATS stored a part is completed by a resume on another edge', async () => {
  const nats = await withNats({ payload_bytes_max: 128 * 1024 })
  const [first, second] = [await withEdge(nats.url, {}, 'edge-a'), await withEdge(nats.url, {}, 'edge-b')]
  const { publisher, started } = await startPublisher(first.url)
  const frame = webm(12 * 1024 * 1024)
  publisher.send(frame)
  const isUnderWay = async (): Promise<boolean> => (await readStream(second, started.recordingId)).length > 2
  for (let tries = 0; tries < 500 && !(await isUnderWay()); tries++);
  await first.stop()
  const next = await resumePublisher(second.url, started)
  expect((await next.heard('resumed')).nextSeq).toBe(0)
  next.send(frame)
  await next.acked(0)
  const records = await readStream(second, started.recordingId)
  const sessions = new Set(records.map(({ body }) => (body.case === 'chunk' ? body.value.session : 0)))
  expect([...sessions].sort()).toEqual([0, 1, 2])
  expect(Buffer.compare(readFrames(records)[0]?.bytes ?? new Uint8Array(), frame)).toBe(0)
  next.cut()
}, 60_000)

it('a full log refuses frames and new streams with 1013, and keeps all that was acknowledged', async () => {
  const nats = await withNats()
  const edge = await withEdge(nats.url, { fullRefusal_ms: 60_000 }, 'edge-a', 40 * 1024 * 1024)
  const { publisher, started } = await startPublisher(edge.url)
  for (let i = 0; publisher.closed === undefined && i < 200; i++) {
    publisher.send(webm(200_000, i))
    await until('an answer', () => publisher.closed !== undefined || publisher.last('ack')?.seq === i)
  }
  expect(await publisher.closing()).toBe(1013)
  const acked = publisher.last('ack')?.seq ?? -1
  expect(acked).toBeGreaterThan(5)
  expect(readFrames(await readStream(edge, started.recordingId)).length).toBeGreaterThanOrEqual(acked + 1)
  // What is left of it is for sessions to begin, and streams to end.
  const { bytes, bytesMax } = await Effect.runPromise(edge.log.usage(edge.log.subject('ingest', started.recordingId).log))
  expect(bytes / bytesMax).toBeLessThan(0.99)
  const back = await resumePublisher(edge.url, started)
  expect((await back.heard('resumed')).nextSeq).toBe(acked + 1)
  back.send(webm(200_000))
  expect(await back.closing()).toBe(1013)
  const last = await resumePublisher(edge.url, started)
  await last.heard('resumed')
  last.say({ type: 'stop' })
  expect(await last.closing()).toBe(1000)
  expect((await readStream(edge, started.recordingId)).at(-1)?.body.case).toBe('end')
  const same = await TestPublisher.connect(edge.url)
  const refusedId = sameShard(edge, started.recordingId)
  same.say({ type: 'start', recordingId: refusedId })
  expect(await same.closing()).toBe(1013)
  expect(await Effect.runPromise(edge.streams.get(refusedId))).toBeUndefined()
}, 60_000)

it('changes of streams are heard also after NATS was killed', async () => {
  const nats = await withNats()
  const edge = await withEdge(nats.url)
  await nats.kill()
  await nats.restart()
  const { publisher, started } = await startPublisher(edge.url)
  const entry = await Effect.runPromise(edge.streams.get(started.recordingId))
  if (entry === undefined) throw new Error('no such stream')
  await Effect.runPromise(edge.streams.update(entry.key, { ...entry.value, status: StreamStatus.FAILED, reason: 'no frames' }, entry.revision))
  expect(await publisher.closing()).toBe(4400)
  expect(publisher.last('error')?.message).toBe('the stream failed: no frames')
}, 60_000)

it('a start that NATS does not answer in time is sent away with 1013', async () => {
  const nats = await withNats()
  const edge = await withEdge(nats.url, { open_ms: 500 })
  await nats.freeze()
  const publisher = await TestPublisher.connect(edge.url)
  publisher.say({ type: 'start' })
  expect(await publisher.closing()).toBe(1013)
  nats.thaw()
})

it('an edge that holds too much of all its publishers sends away the one that adds to it', async () => {
  const nats = await withNats()
  const edge = await withEdge(nats.url, { unackedBytesTotalMax: 150_000 })
  const [one, two] = [await startPublisher(edge.url), await startPublisher(edge.url)]
  await nats.freeze()
  one.publisher.send(webm(100_000))
  await until('the edge has the first frame', () => edge.sessions.figures().unackedBytes === 100_000)
  two.publisher.send(webm(100_000))
  expect(await two.publisher.closing()).toBe(1013)
  expect(one.publisher.closed).toBeUndefined()
  nats.thaw()
  await one.publisher.acked(0)
  expect(edge.sessions.figures()).toMatchObject({ unackedBytes: 0, closed: { 1013: 1 } })
  one.publisher.cut()
})

/** An id whose records go to the log that this one's go to. */
const sameShard = ({ log }: TestEdge, id: string): string => {
  const wanted = log.subject('ingest', id).log
  const found = Array.from({ length: 100 }, (_, index) => `next-${index}`).find((other) => log.subject('ingest', other).log === wanted)
  if (found === undefined) throw new Error('every id hashes to another shard')
  return found
}
