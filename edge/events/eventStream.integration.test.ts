import { connect } from 'node:net'
import { create, toBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { Log } from '../../runtime/Log.ts'
import { subjects } from '../../runtime/topology.ts'
import { EventStreamClient } from '../testing/EventClient.ts'
import { liveStream } from '../testing/liveStream.ts'
import { rawRequest } from '../testing/rawHttp.ts'
import { encodeMedia, type EncodedTrack } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'
import { EventPlaces } from './EventPlaces.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

let edge: Edge
let other: Edge
let tracks: ReadonlyArray<EncodedTrack>
const clients: Array<EventStreamClient> = []

beforeAll(async () => {
  const world = { natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') }
  edge = await startEdge(world)
  other = await startEdge({ ...world, settings: { eventStreamsMax: 3, eventStreamsPerAddressMax: 2 } })
  tracks = encodeMedia(3)
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  await edge.stop()
  await other.stop()
})

const begin = async (at: Edge, id: string, after?: number): Promise<EventStreamClient> => {
  const client = await EventStreamClient.begin(at.url, id, after)
  clients.push(client)
  return client
}

/** Puts events of a stream into the log, some twice where it is slow to answer; gives their sequences. */
const announce = (id: string, count: number, reason = 'x'): Promise<ReadonlyArray<number>> =>
  edge.runtime.runPromise(Log.use((log) =>
    Effect.forEach(Array.from({ length: count }), () => log.publish(subjects.event(id, 'stream_failed'), toBinary(StreamEventSchema, create(StreamEventSchema, { streamId: id, event: { case: 'streamFailed', value: { reason } } }))).pipe(Effect.tapError(() => Effect.sleep(100)), Effect.eventually), { concurrency: 16 })
  )).then((sequences) => sequences.toSorted((a, b) => a - b))

const takenAt = async (at: Edge): Promise<number> => (await at.runtime.runPromise(EventPlaces)).streams.taken

it('tells what happens to one stream from now on, as events that a browser understands', async () => {
  const [stream, another] = [await liveStream(edge, tracks), await liveStream(edge, tracks)]
  await announce(stream.id, 1)
  const client = await begin(edge, stream.id)
  expect(client.text).toMatch(/^retry: 2000\n\n/)
  // What follows is followed once it is heard of.
  await until(async () => (await announce(stream.id, 1), client.events.length > 0), 'an event')
  await announce(another.id, 1)
  const [seq] = await announce(stream.id, 1)
  await until(() => client.events.some(({ id }) => id === seq), 'the newest event')
  expect(client.events.at(-1)).toEqual({ id: seq, event: 'stream_failed', data: { type: 'event', id: String(seq), recordingId: stream.id, kind: 'stream_failed', at: '1970-01-01T00:00:00.000Z', reason: 'x' } })
  expect(new Set(client.events.map(({ data }) => data['recordingId']))).toEqual(new Set([stream.id]))
})

it('goes on behind the last event that a client has had, at any edge, each once and in order while more happen', async () => {
  const [stream, another] = [await liveStream(edge, tracks), await liveStream(edge, tracks)]
  const before = await announce(stream.id, 1_500, 'y'.repeat(200))
  await announce(another.id, 100)
  const after = before[99] ?? 0
  const [client, behind] = await Promise.all([begin(edge, stream.id, after), begin(other, stream.id, before.at(-1)), announce(stream.id, 300)])
  const last = await announce(stream.id, 5)
  await Promise.all([client, behind].map((one) => until(() => one.events.at(-1)?.id === last.at(-1), 'the newest event', 30_000)))
  const all = await edge.runtime.runPromise(Log.use((log) => log.read(log.subject('events', stream.id), after + 1, Number.MAX_SAFE_INTEGER)))
  expect(client.events.map(({ id }) => id)).toEqual(all.map(({ seq }) => seq))
  expect(client.events.length).toBeGreaterThanOrEqual(1_500 - 100 + 305)
  expect(behind.events.map(({ id }) => id)).toEqual(all.map(({ seq }) => seq).filter((seq) => seq > (before.at(-1) ?? 0)))
})

it('begins with what happens now where the client has had what is not there yet, as of a log that was lost', async () => {
  const stream = await liveStream(edge, tracks)
  const client = await begin(edge, stream.id, 999_999_999)
  await until(async () => (await announce(stream.id, 1), client.events.length > 0), 'an event')
})

it('hears a comment now and then while nothing happens, and is connected still', async () => {
  const stream = await liveStream(edge, tracks)
  const client = await begin(edge, stream.id)
  await until(() => client.text.endsWith('\n\n:\n\n'), 'a comment', 30_000)
  const [seq] = await announce(stream.id, 1)
  await until(() => client.events.at(-1)?.id === seq, 'an event')
})

it('answers what it cannot give with a problem, and HEAD without waiting', async () => {
  const stream = await liveStream(edge, tracks)
  const statusOf = async (path: string, headers: Readonly<Record<string, string>> = {}) => (await fetch(`${edge.url}/api/streams/${path}`, { headers })).status
  expect(await statusOf('nobody-knows-it/events')).toBe(404)
  expect(await statusOf('a%20b/events')).toBe(400)
  for (const lastEventId of ['x', '-1', '1.5', '9'.repeat(20)]) expect(await statusOf(`${stream.id}/events`, { 'Last-Event-ID': lastEventId }), lastEventId).toBe(400)
  expect(await statusOf(`${stream.id}/events?lastEventId=x`)).toBe(400)
  const head = await fetch(`${edge.url}/api/streams/${stream.id}/events`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  expect(await rawRequest(edge.port, `/api/streams/${stream.id}/events`, 'DELETE')).toMatch(/^HTTP\/1.1 405/)
})

it('has so many places, in all and of an address, and a client that has gone leaves its own', async () => {
  const stream = await liveStream(edge, tracks)
  const [first] = [await begin(other, stream.id), await begin(other, stream.id)]
  await expect(begin(other, stream.id)).rejects.toThrow('503')
  first?.close()
  await until(async () => (await takenAt(other)) === 1, 'a free place')
  await begin(other, stream.id)
})

it('a client that reads nothing is cut, and others hear what happens', async () => {
  const stream = await liveStream(edge, tracks)
  const healthy = await begin(edge, stream.id)
  await until(async () => (await takenAt(edge)) === 1, 'the healthy client alone')
  const stalled = connect(edge.port, '127.0.0.1')
  stalled.on('error', () => undefined)
  stalled.pause()
  stalled.write(`GET /api/streams/${stream.id}/events HTTP/1.1\r\nHost: test\r\n\r\n`)
  await until(async () => (await takenAt(edge)) === 2, 'both clients')
  await until(async () => (await announce(stream.id, 20, 'z'.repeat(20_000)), (await takenAt(edge)) === 1), 'the stalled client is cut', 60_000)
  stalled.destroy()
  const [seq] = await announce(stream.id, 1)
  await until(() => healthy.events.at(-1)?.id === seq, 'the newest event', 30_000)
}, 100_000)
