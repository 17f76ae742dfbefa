import { Effect } from 'effect'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { decodeIngestRecord, encodeIngestRecord } from '../../actors/inbox/ingestRecord.ts'
import { connectionOptions } from '../../deploy/local/testing/natsOptions.ts'
import type { IngestRecord } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import { startEdge, type TestEdge } from './testing/edge.ts'
import { readFrames } from './testing/ingestWorld.ts'
import { resumePublisher, startPublisher } from './testing/TestPublisher.ts'

const GARBAGE = new Uint8Array([0xff, 0xfe, 0xfd])
/** Decodes, as a record that says nothing. */
const OF_NO_KIND = new Uint8Array(0)

let edge: TestEdge
let nats: NatsConnection
beforeAll(async () => {
  edge = await startEdge(natsUrl())
  nats = await connect(connectionOptions(natsUrl()))
})
afterAll(async () => {
  await edge.stop()
  await nats.close()
})

const webm = (bytes: number): Uint8Array => {
  const frame = new Uint8Array(bytes).map((_, index) => index & 0xff)
  frame.set([0x1a, 0x45, 0xdf, 0xa3])
  return frame
}

const headSeq = async (id: string): Promise<number> => (await Effect.runPromise(edge.log.head(edge.log.subject('ingest', id))))?.seq ?? 0

/** Writes behind the newest record of a stream's log; gives the sequence of the last. */
const write = async (id: string, ...records: ReadonlyArray<Uint8Array>): Promise<number> => {
  const appender = edge.log.appender(edge.log.subject('ingest', id), await headSeq(id))
  for (const record of records) await Effect.runPromise(appender.append(record))
  return headSeq(id)
}

const readable = async (id: string): Promise<ReadonlyArray<IngestRecord>> => {
  const entries = await Effect.runPromise(edge.log.read(edge.log.subject('ingest', id), 1, Number.MAX_SAFE_INTEGER))
  return entries.filter(({ data }) => data.length > GARBAGE.length).map(({ data }) => decodeIngestRecord(data))
}
const records = async (id: string): Promise<ReadonlyArray<IngestRecord['body']>> => (await readable(id)).map(({ body }) => body)
const storedFrames = async (id: string): Promise<ReadonlyArray<Uint8Array>> => readFrames(await readable(id)).map(({ bytes }) => bytes)

for (const [name, damaged] of [['cannot be decoded', GARBAGE], ['is of no known kind', OF_NO_KIND]] as const) {
  it(`a publisher resumes behind the newest record that can be read, where the newest of all ${name}`, async () => {
    const { publisher, started } = await startPublisher(edge.url)
    for (let i = 0; i < 3; i++) publisher.send(webm(100 + i))
    await publisher.acked(2)
    publisher.cut()
    const head = await write(started.recordingId, damaged, damaged)
    expect(await (await resumePublisher(edge.url, started)).closing()).toBe(4400)
    expect(await headSeq(started.recordingId)).toBe(head)
    const next = await resumePublisher(edge.url, started, { seq: 2, bytes: 303 })
    expect(await next.heard('resumed')).toMatchObject({ epoch: 0, nextSeq: 3 })
    next.send(webm(200))
    await next.acked(3)
    expect(await headSeq(started.recordingId)).toBeGreaterThan(head)
    expect((await storedFrames(started.recordingId)).map(({ length }) => length)).toEqual([100, 101, 102, 200])
    next.cut()
  })
}

/** Takes the newest record of a stream out of the log, as a disk does that loses it. */
const loseNewest = async (id: string): Promise<void> => {
  const { log } = edge.log.subject('ingest', id)
  await (await nats.jetstreamManager()).streams.deleteMessage(log, await headSeq(id))
}

for (const [name, instead] of [['is gone', []], ['cannot be read', [GARBAGE]]] as const) {
  it(`what was acknowledged of a stream whose newest record ${name} is not sent again, nor is anything else under its number`, async () => {
    const { publisher, started } = await startPublisher(edge.url)
    for (let i = 0; i < 5; i++) {
      publisher.send(webm(100 + i))
      await publisher.acked(i)
    }
    publisher.cut()
    await loseNewest(started.recordingId)
    await write(started.recordingId, ...instead)
    const next = await resumePublisher(edge.url, started, { seq: 4, bytes: 510 })
    expect(await next.heard('resumed')).toMatchObject({ epoch: 0, nextSeq: 5 })
    next.send(webm(200))
    await next.acked(5)
    expect(next.last('ack')).toMatchObject({ seq: 5, bytes: 710 })
    const stored = await records(started.recordingId)
    expect(stored.at(-2)).toMatchObject({ case: 'open', value: { nextSeq: 5, nextOffset: 510n } })
    expect(stored.at(-1)).toMatchObject({ case: 'chunk', value: { seq: 5, offset: 510n } })
    next.cut()
  })
}

it('a publisher that kept what the newest record held stores it again, where that cannot be read', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.send(webm(100))
  await publisher.acked(0)
  publisher.cut()
  await write(started.recordingId, GARBAGE)
  const next = await resumePublisher(edge.url, started, { seq: 0, bytes: 100 })
  expect(await next.heard('resumed')).toMatchObject({ nextSeq: 1 })
  next.send(webm(101))
  await next.acked(1)
  expect((await storedFrames(started.recordingId)).map(({ length }) => length)).toEqual([100, 101])
  next.cut()
})

it('frames behind a newest record whose media alone is damaged have the numbers that they would have had', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.cut()
  const joined = [60, 40].map((bytes) => ({ bytes, afterMs: 0 }))
  const record = encodeIngestRecord({ body: { case: 'chunk', value: { session: 1, epoch: 0, seq: 0, pieces: 1, crc32c: 1, data: webm(100), mimeType: 'video/webm', joined } } })
  await write(started.recordingId, record)
  for (const acked of [undefined, { seq: 1, bytes: 100 }]) {
    const next = await resumePublisher(edge.url, started, acked)
    expect(await next.heard('resumed')).toMatchObject({ nextSeq: 2 })
    next.cut()
  }
})

it('a frame of which a piece cannot be read is stored from that piece on', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.cut()
  const frame = webm(300)
  const data = frame.subarray(0, 100)
  const piece = { session: 1, epoch: 0, seq: 0, piece: 0, pieces: 3, crc32c: crc32c(data), data, mimeType: 'video/webm' }
  await write(started.recordingId, encodeIngestRecord({ body: { case: 'chunk', value: piece } }), GARBAGE)
  // Nothing was acknowledged, and who says nothing may have lost what was.
  expect(await (await resumePublisher(edge.url, started)).closing()).toBe(4400)
  const next = await resumePublisher(edge.url, started, { seq: -1, bytes: 0 })
  expect(await next.heard('resumed')).toMatchObject({ nextSeq: 0 })
  next.send(frame)
  await next.acked(0)
  expect(Buffer.concat(await storedFrames(started.recordingId)).equals(frame)).toBe(true)
  next.cut()
})

it('a publisher is sent to start another recording, where nothing of its log can be read', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.cut()
  const at = edge.log.subject('ingest', started.recordingId)
  const head = await write(started.recordingId, GARBAGE)
  await Effect.runPromise(edge.log.purge(at.log, head, at.subject))
  expect(await (await resumePublisher(edge.url, started)).closing()).toBe(4404)
  expect(await headSeq(started.recordingId)).toBe(head)
})
