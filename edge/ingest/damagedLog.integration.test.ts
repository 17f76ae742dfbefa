import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { ChunkSchema, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import { startEdge, type TestEdge } from './testing/edge.ts'
import { readFrames } from './testing/ingestWorld.ts'
import { resumePublisher, startPublisher } from './testing/TestPublisher.ts'

const GARBAGE = new Uint8Array([0xff, 0xfe, 0xfd])
/** Decodes, as a record that says nothing. */
const OF_NO_KIND = new Uint8Array(0)

let edge: TestEdge
beforeAll(async () => {
  edge = await startEdge(natsUrl())
})
afterAll(() => edge.stop())

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

const storedFrames = async (id: string): Promise<ReadonlyArray<Uint8Array>> => {
  const entries = await Effect.runPromise(edge.log.read(edge.log.subject('ingest', id), 1, Number.MAX_SAFE_INTEGER))
  const readable = entries.filter(({ data }) => data.length > GARBAGE.length)
  return readFrames(readable.map(({ data }) => fromBinary(IngestRecordSchema, data))).map(({ bytes }) => bytes)
}

for (const [name, damaged] of [['cannot be decoded', GARBAGE], ['is of no known kind', OF_NO_KIND]] as const) {
  it(`a publisher resumes behind the newest record that can be read, where the newest of all ${name}`, async () => {
    const { publisher, started } = await startPublisher(edge.url)
    for (let i = 0; i < 3; i++) publisher.send(webm(100 + i))
    await publisher.acked(2)
    publisher.cut()
    const head = await write(started.recordingId, damaged, damaged)
    const next = await resumePublisher(edge.url, started)
    expect(await next.heard('resumed')).toMatchObject({ epoch: 0, nextSeq: 3 })
    next.send(webm(200))
    await next.acked(3)
    expect(await headSeq(started.recordingId)).toBeGreaterThan(head)
    expect((await storedFrames(started.recordingId)).map(({ length }) => length)).toEqual([100, 101, 102, 200])
    next.cut()
  })
}

it('a frame of which a piece cannot be read is stored from that piece on', async () => {
  const { publisher, started } = await startPublisher(edge.url)
  publisher.cut()
  const frame = webm(300)
  const data = frame.subarray(0, 100)
  const piece = create(ChunkSchema, { session: 1, epoch: 0, seq: 0, piece: 0, pieces: 3, crc32c: crc32c(data), data, mimeType: 'video/webm' })
  await write(started.recordingId, toBinary(IngestRecordSchema, create(IngestRecordSchema, { body: { case: 'chunk', value: piece } })), GARBAGE)
  const next = await resumePublisher(edge.url, started)
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
