import { fromBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { recording } from '../../actors/testing/recordings.ts'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { type IngestRecord, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { newId } from '../../runtime/ids.ts'
import { startEdge, type TestEdge } from './testing/edge.ts'
import { readFrames } from './testing/ingestWorld.ts'
import { resumePublisher, startPublisher, TestPublisher, until } from './testing/TestPublisher.ts'

let edge: TestEdge
let other: TestEdge
beforeAll(async () => {
  edge = await startEdge(natsUrl(), { stop_ms: 1_000 }, 'edge-a')
  other = await startEdge(natsUrl(), {}, 'edge-b')
})
afterAll(async () => {
  await edge.stop()
  await other.stop()
})

const recordsOf = async ({ log }: TestEdge, id: string): Promise<ReadonlyArray<IngestRecord>> => {
  const entries = await Effect.runPromise(log.read(log.subject('ingest', id), 1, Number.MAX_SAFE_INTEGER))
  return entries.map((entry) => fromBinary(IngestRecordSchema, entry.data))
}
const bytesOf = async (at: TestEdge, id: string): Promise<Buffer> => Buffer.concat(readFrames(await recordsOf(at, id)).map(({ bytes }) => bytes))

/** Changes the entry of a stream as its actor would. */
const setStatus = async ({ streams }: TestEdge, id: string, status: StreamStatus, reason = ''): Promise<void> => {
  const entry = await Effect.runPromise(streams.get(id))
  if (entry === undefined) throw new Error('no such stream')
  await Effect.runPromise(streams.update(id, { ...entry.value, status, reason }, entry.revision))
}

const webm = (bytes: number): Uint8Array => {
  const frame = new Uint8Array(bytes).map((_, index) => index & 0xff)
  frame.set([0x1a, 0x45, 0xdf, 0xa3])
  return frame
}

it('a recording of a browser is acknowledged frame by frame and stands in the log byte for byte', async () => {
  const { chunks, mimeType, bytes } = recording('h264.webm')
  const { publisher, started } = await startPublisher(edge.url, { mimeType, title: 'Kitchen' })
  expect(started).toMatchObject({ status: 'live', epoch: 0, nextSeq: 0, streamPrefix: `/live/${started.recordingId}` })
  for (const chunk of chunks) publisher.send(chunk.bytes)
  await publisher.acked(chunks.length - 1)
  expect(publisher.messages.filter(({ type }) => type === 'ack').length).toBeGreaterThan(0)
  expect(publisher.last('ack')?.bytes).toBe(bytes.length)
  expect(Buffer.compare(await bytesOf(edge, started.recordingId), bytes)).toBe(0)
  publisher.say({ type: 'stop' })
  expect(await publisher.heard('stopped')).toMatchObject({ recordingId: started.recordingId, status: 'ended', segmentsUploaded: 0, bytesUploaded: 0 })
  expect(await publisher.closing()).toBe(1000)
  expect((await recordsOf(edge, started.recordingId)).at(-1)?.body.case).toBe('end')
})

it('an MP4 recording, empty last chunk included, stands in the log byte for byte', async () => {
  const { chunks, mimeType, bytes } = recording('100ms-avc3.mp4')
  const { publisher, started } = await startPublisher(edge.url, { mimeType })
  for (const chunk of chunks) publisher.send(chunk.bytes)
  publisher.send(new Uint8Array(0))
  await publisher.acked(chunks.length)
  expect(Buffer.compare(await bytesOf(edge, started.recordingId), bytes)).toBe(0)
  publisher.cut()
})

it('a publisher whose connection drops resumes on another edge, and every frame is there once', async () => {
  const { chunks, bytes } = recording('vp8.webm')
  const { publisher, started } = await startPublisher(edge.url)
  const half = Math.floor(chunks.length / 2)
  for (const chunk of chunks.slice(0, half)) publisher.send(chunk.bytes)
  await publisher.acked(3)
  publisher.cut()
  const next = await resumePublisher(other.url, started)
  const { nextSeq } = await next.heard('resumed')
  expect(nextSeq).toBeGreaterThan(3)
  for (const chunk of chunks.slice(nextSeq)) next.send(chunk.bytes)
  await next.acked(chunks.length - 1)
  expect(Buffer.compare(await bytesOf(other, started.recordingId), bytes)).toBe(0)
  next.cut()
})

it('a stranger is refused with 4409, and the publisher goes on', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  const { recordingId } = started
  for (const url of [edge.url, other.url]) {
    const stranger = await TestPublisher.connect(url)
    stranger.say({ type: 'start', recordingId, publisherToken: 'guess' })
    expect(await stranger.closing()).toBe(4409)
    expect(await (await resumePublisher(url, { ...started, publisherToken: 'guess' })).closing()).toBe(4409)
  }
  publisher.send(webm(100))
  await publisher.acked(0)
  publisher.cut()
})

it('the newer of two connections of a publisher has the stream, the older is closed with 4409', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  const { recordingId, publisherToken } = started
  const newer = await startPublisher(other.url, { recordingId, publisherToken })
  expect(newer.started).toMatchObject({ recordingId, publisherToken, epoch: 1, nextSeq: 0 })
  publisher.send(webm(100))
  expect(await publisher.closing()).toBe(4409)
  newer.publisher.send(webm(50))
  await newer.publisher.acked(0)
  expect(readFrames(await recordsOf(edge, recordingId))).toMatchObject([{ epoch: 1, seq: 0 }])
  newer.publisher.cut()
})

it('two publishers who start one recording at once: one has it, the other is refused', async () => {
  const recordingId = newId()
  const both = await Promise.all([edge.url, other.url].map((url) => TestPublisher.connect(url)))
  for (const publisher of both) publisher.say({ type: 'start', recordingId })
  await until('both are answered', () => both.every((publisher) => publisher.last('started') !== undefined || publisher.closed !== undefined))
  expect(both.filter((publisher) => publisher.last('started') !== undefined)).toHaveLength(1)
  expect(both.map((publisher) => publisher.last('error')?.code).filter((code) => code !== undefined)).toEqual([4409])
  for (const publisher of both) publisher.cut()
})

it('unknown and ended recordings answer 4404, another epoch 4400', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  expect(await (await resumePublisher(edge.url, { ...started, recordingId: 'nobody-has-it' })).closing()).toBe(4404)
  expect(await (await resumePublisher(edge.url, { ...started, epoch: 4 })).closing()).toBe(4400)
  publisher.say({ type: 'stop' })
  await publisher.heard('stopped')
  expect(await (await resumePublisher(edge.url, started)).closing()).toBe(4404)
  const again = await TestPublisher.connect(other.url)
  again.say({ type: 'start', recordingId: started.recordingId, publisherToken: started.publisherToken })
  expect(await again.closing()).toBe(4404)
})

it('bad input is answered with an error and its close code, and disturbs no other publisher', async () => {
  const { publisher: healthy } = await startPublisher(edge.url)
  const refused = async (act: (publisher: TestPublisher) => void): Promise<number> => {
    const publisher = await TestPublisher.connect(edge.url)
    act(publisher)
    const code = await publisher.closing()
    expect(publisher.last('error')?.code).toBe(code)
    expect(publisher.closed?.reason).not.toBe('')
    return code
  }
  expect(await refused((publisher) => publisher.send(webm(10)))).toBe(4400)
  expect(await refused((publisher) => publisher.say('{"type":'))).toBe(4400)
  expect(await refused((publisher) => publisher.say('x'.repeat(100_000)))).toBe(4400)
  expect(await refused((publisher) => publisher.say({ type: 'dance' }))).toBe(4400)
  for (const recordingId of ['..', '.', '*', '>', 'a b', 'a\u0000b', 'x'.repeat(300)]) {
    expect(await refused((publisher) => publisher.say({ type: 'start', recordingId })), recordingId).toBe(4400)
  }
  expect(await refused((publisher) => publisher.say({ type: 'start', mimeType: 'text/html' }))).toBe(4400)
  const garbage = (publisher: TestPublisher): void => {
    publisher.say({ type: 'start', mimeType: 'video/mp4' })
    publisher.send(webm(100))
  }
  expect(await refused(garbage)).toBe(4400)
  const huge = (publisher: TestPublisher): void => {
    publisher.say({ type: 'start' })
    publisher.send(webm(16 * 1024 * 1024 + 1))
  }
  expect(await refused(huge)).toBe(1009)
  healthy.send(webm(100))
  await healthy.acked(0)
  healthy.cut()
})

it('a frame that is far too big, or never ends, is cut off, and the edge lives', async () => {
  const { publisher } = await startPublisher(edge.url)
  publisher.send(webm(40 * 1024 * 1024))
  expect(await publisher.closing()).toBe(1006)
  const endless = (await startPublisher(edge.url)).publisher
  for (let i = 0; i < 40; i++) endless.sendFragment(webm(1024 * 1024))
  expect(await endless.closing()).toBe(1006)
  const next = await startPublisher(edge.url)
  next.publisher.cut()
})

it('a frame whose connection breaks in its middle is not stored, and is expected again', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.send(webm(100))
  await publisher.acked(0)
  publisher.sendFragment(webm(100))
  publisher.cut()
  const next = await resumePublisher(edge.url, started)
  expect((await next.heard('resumed')).nextSeq).toBe(1)
  next.cut()
})

it('a publisher is told why its stream failed', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  await setStatus(other, started.recordingId, StreamStatus.FAILED, 'no track can be read')
  expect(await publisher.closing()).toBe(4400)
  expect(publisher.last('error')).toEqual({ type: 'error', code: 4400, message: 'the stream failed: no track can be read' })
})

it('publishers hear of streams that begin and end, once each, on every edge; who has asked for nothing hears nothing', async () => {
  const { publisher: listener } = await startPublisher(other.url)
  const idle = await TestPublisher.connect(other.url)
  const { publisher, started } = await startPublisher(edge.url, { title: 'Garden' })
  const { recordingId } = started
  const about = () => listener.messages.filter((message) => 'recordingId' in message && message.recordingId === recordingId)
  await until('streamStarted', () => about().length === 1)
  await setStatus(edge, recordingId, StreamStatus.ENDED)
  await until('streamEnded', () => about().length === 2)
  expect(about()).toEqual([{ type: 'streamStarted', recordingId, title: 'Garden' }, { type: 'streamEnded', recordingId }])
  expect(await publisher.closing()).toBe(4404)
  expect(idle.messages).toEqual([])
  listener.cut()
  idle.cut()
})

it('the stream actor is hinted at, and the coming and going of the publisher announced', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  const { recordingId } = started
  const eventOf = async (kind: string) => {
    const entry = await Effect.runPromise(edge.log.head({ log: 'EVENTS', subject: `events.${recordingId}.${kind}` }))
    return entry === undefined ? undefined : fromBinary(StreamEventSchema, entry.data).event
  }
  const soon = async (kind: string): Promise<void> => {
    for (let tries = 0; tries < 200 && (await eventOf(kind)) === undefined; tries++);
  }
  await soon('publisher_connected')
  expect(await eventOf('publisher_connected')).toMatchObject({ case: 'publisherConnected', value: { session: 1, epoch: 0 } })
  expect(await Effect.runPromise(edge.log.head({ log: 'COMMANDS', subject: `commands.stream.${recordingId}` }))).toBeDefined()
  publisher.cut()
  await soon('publisher_disconnected')
  expect(await eventOf('publisher_disconnected')).toMatchObject({ case: 'publisherDisconnected', value: { session: 1 } })
})

it('a publisher that reads no acks is served while it sends', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.stopReading()
  const before = edge.sessions.figures().framesAcked
  const frames = 2_000
  for (let i = 0; i < frames; i++) {
    publisher.send(i === 0 ? webm(64) : new Uint8Array(64))
    if (i % 500 === 499) await until('the edge keeps up', () => edge.sessions.figures().framesAcked === before + i + 1)
  }
  expect(publisher.closed).toBeUndefined()
  publisher.readAgain()
  await publisher.acked(frames - 1)
  expect(readFrames(await recordsOf(edge, started.recordingId))).toHaveLength(frames)
  publisher.cut()
})

it('of the acks that a client does not take, only the newest waits', async () => {
  const texts: Array<string> = []
  let buffered = 0
  const session = edge.sessions.connect({ send: (text) => void texts.push(text), close: () => undefined, bufferedBytes: () => buffered })
  session.take({ _tag: 'Text', text: JSON.stringify({ type: 'start' }) })
  await until('started', () => texts.length === 1)
  buffered = 10_000
  const before = edge.sessions.figures().framesAcked
  for (let i = 0; i < 50; i++) session.take({ _tag: 'Binary', bytes: webm(8) })
  await until('all are durable', () => edge.sessions.figures().framesAcked === before + 50)
  expect(texts).toHaveLength(1)
  buffered = 0
  session.drained()
  expect(texts.slice(1).map((text) => JSON.parse(text) as unknown)).toEqual([{ type: 'ack', seq: 49, bytes: 400 }])
  session.take({ _tag: 'Gone' })
})

it('more publishers than an edge may have are refused with 1013', async () => {
  const small = await startEdge(natsUrl(), { connectionsMax: 1 }, 'edge-small')
  const { publisher: first } = await startPublisher(small.url)
  const second = await TestPublisher.connect(small.url)
  second.say({ type: 'start' })
  expect(await second.closing()).toBe(1013)
  first.cut()
  await until('the first is gone', () => small.sessions.figures().connections === 0)
  const third = await startPublisher(small.url)
  expect(third.started.status).toBe('live')
  await small.stop()
  expect(await third.publisher.closing()).toBe(1013)
})

it('sockets that ask for nothing take no publisher its place: the oldest of them goes', async () => {
  const crowded = await startEdge(natsUrl(), { connectionsMax: 20 }, 'edge-crowded')
  const idle = []
  for (let count = 0; count < 5; count++) idle.push(await TestPublisher.connect(crowded.url))
  expect(await Promise.all(idle.slice(0, 3).map((socket) => socket.closing()))).toEqual([1013, 1013, 1013])
  const { publisher, started } = await startPublisher(crowded.url)
  expect(started.status).toBe('live')
  expect(crowded.sessions.figures()).toMatchObject({ connections: 2, waiting: 1 })
  publisher.cut()
  await crowded.stop()
})
