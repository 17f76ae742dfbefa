import { create, toBinary } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Log } from '../../runtime/Log.ts'
import { subjects } from '../../runtime/topology.ts'
import { EventClient } from '../testing/EventClient.ts'
import { liveStream } from '../testing/liveStream.ts'
import { encodeMedia, type EncodedTrack } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'
import { Presence } from '../viewers/Presence.ts'
import { EventPlaces } from './EventPlaces.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

let edge: Edge
let other: Edge
let tracks: ReadonlyArray<EncodedTrack>
const clients: Array<EventClient> = []

beforeAll(async () => {
  const world = { natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') }
  edge = await startEdge({ ...world, settings: { corsOrigins: ['https://tv.example'] } })
  other = await startEdge({ ...world, settings: { eventSocketsMax: 3, eventSocketsPerAddressMax: 2 } })
  tracks = encodeMedia(3)
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  await edge.stop()
  await other.stop()
})

const begin = async (at: Edge, query = '', headers: Readonly<Record<string, string>> = {}): Promise<EventClient> => {
  const client = await EventClient.begin(at.url, query, headers)
  clients.push(client)
  return client
}

const streamsOf = (message: { readonly [field: string]: unknown } | undefined): ReadonlyArray<{ readonly [field: string]: unknown }> => (message?.['streams'] ?? []) as ReadonlyArray<Record<string, unknown>>

const streamOf = (message: { readonly [field: string]: unknown }): Readonly<Record<string, unknown>> => message['stream'] as Readonly<Record<string, unknown>>

const announce = (id: string, session: number): Promise<number> =>
  edge.runtime.runPromise(Log.use((log) => log.publish(subjects.event(id, 'publisher_connected'), toBinary(StreamEventSchema, create(StreamEventSchema, { streamId: id, atMs: 1n, event: { case: 'publisherConnected', value: { session } } })))))

describe('a client of all events', () => {
  it('is told first what is live, then what begins, changes, ends and goes, as the API shows it', async () => {
    const before = await liveStream(edge, tracks, 'Before')
    await until(async () => ((await (await fetch(`${other.url}/api/streams`)).json()) as { readonly streams: ReadonlyArray<{ readonly id: string }> }).streams.some(({ id }) => id === before.id), 'the other edge knows the stream')
    const client = await begin(other)
    expect(client.told[0]?.type).toBe('streams')
    expect(streamsOf(client.told[0]).find(({ id }) => id === before.id)).toMatchObject({ title: 'Before', status: 'live', viewers: 0 })
    const stream = await liveStream(edge, tracks, '<b>Garden</b> \u202e🎥')
    expect(await client.hears('streamStarted', ({ recordingId }) => recordingId === stream.id)).toEqual({ type: 'streamStarted', recordingId: stream.id, title: '<b>Garden</b> \u202e🎥' })
    const isIt = (status: string) => (message: Readonly<Record<string, unknown>>) => streamOf(message)['id'] === stream.id && streamOf(message)['status'] === status
    await client.hears('streamUpdated', isIt('live'))
    await stream.change({ lostChunks: 7n })
    await client.hears('streamUpdated', (message) => isIt('live')(message) && streamOf(message)['lostChunks'] === 7)
    await stream.change({ status: StreamStatus.ENDED })
    const ended = await client.hears('streamUpdated', isIt('ended'))
    await client.hears('streamEnded', ({ recordingId }) => recordingId === stream.id)
    const { viewers: _viewers, ...shown } = (await (await fetch(`${other.url}/api/streams/${stream.id}`)).json()) as Record<string, unknown>
    expect(streamOf(ended)).toMatchObject(shown)
    await stream.remove()
    await client.hears('streamRemoved', ({ recordingId }) => recordingId === stream.id)
    expect(client.of('event')).toEqual([])
  })

  it('is told of viewers here by a hash, and of the sum wherever they are', async () => {
    const stream = await liveStream(edge, tracks)
    const [here, there] = [await begin(edge), await begin(other)]
    const { socketViewer } = await edge.runtime.runPromise(Effect.map(Presence, (presence) => presence))
    const leave = socketViewer(stream.id, 'ann')
    const mine = ({ recordingId }: Readonly<Record<string, unknown>>): boolean => recordingId === stream.id
    const joined = await here.hears('viewerJoined', mine)
    expect(joined).toMatchObject({ viewerCount: 1, viewerId: expect.stringMatching(/^[A-Za-z0-9_-]{16}$/) as unknown })
    for (const client of [here, there]) await client.hears('viewerCount', (message) => mine(message) && message['viewerCount'] === 1)
    await there.hears('streamUpdated', (message) => streamOf(message)['id'] === stream.id && streamOf(message)['viewers'] === 1)
    leave()
    expect(await here.hears('viewerLeft', mine)).toEqual({ ...joined, type: 'viewerLeft', viewerCount: 0 })
    for (const client of [here, there]) await client.hears('viewerCount', (message) => mine(message) && message['viewerCount'] === 0)
    expect(there.of('viewerJoined').filter(mine)).toEqual([])
  })
})

describe('a client that names streams', () => {
  it('is told of these alone, those that are to come too, with the events of their logs', async () => {
    const [named, unnamed] = [await liveStream(edge, tracks, 'Named'), await liveStream(edge, tracks, 'Unnamed')]
    await until(async () => (await fetch(`${edge.url}/api/streams/${unnamed.id}`)).ok, 'the edge knows the streams')
    const client = await begin(edge, `?streams=${named.id},not-yet`)
    await until(() => client.told.length > 0, 'a snapshot')
    expect(streamsOf(client.told[0]).map(({ id }) => id)).toEqual([named.id])
    await announce(unnamed.id, 1)
    const seq = await announce(named.id, 2)
    expect(await client.hears('event')).toEqual({ type: 'event', id: String(seq), recordingId: named.id, kind: 'publisher_connected', at: '1970-01-01T00:00:00.001Z', session: 2, epoch: 0 })
    await unnamed.change({ status: StreamStatus.ENDED })
    await named.change({ status: StreamStatus.ENDED })
    await client.hears('streamEnded')
    expect(client.told.filter(({ recordingId }) => recordingId === unnamed.id)).toEqual([])
    expect(client.of('event')).toHaveLength(1)
  })
})

describe('what a client may not do', () => {
  it('is answered, and closes this one and no other', async () => {
    const witness = await begin(edge)
    const say: ReadonlyArray<readonly [what: string, message: string | Uint8Array]> = [
      ['an unknown type', '{"type":"subscribe"}'], ['no JSON', 'ping'], ['no object', '[]'], ['a binary message', Uint8Array.of(1)], ['more than it may', `{"type":"ping","x":"${'x'.repeat(2_000)}"}`]
    ]
    for (const [what, message] of say) {
      const client = await begin(edge)
      client.socket.send(message)
      expect(await client.end(), what).toMatchObject({ code: 4400 })
      expect(client.of('error'), what).toHaveLength(1)
    }
    expect(edge.counters.values().events_message_refused).toBe(say.length)
    witness.socket.send('{"type":"ping"}')
    await witness.hears('pong')
  })

  it('is to send megabytes, or without end', async () => {
    const client = await begin(edge)
    const before = edge.counters.values().events_message_refused ?? 0
    client.socket.send('x'.repeat(4 * 1024 * 1024))
    await client.end()
    await until(() => edge.counters.values().events_message_refused === before + 1, 'it is counted')
    const chatty = await begin(edge)
    for (let i = 0; i < 100; i += 1) chatty.socket.send('{"type":"ping"}')
    expect(await chatty.end()).toMatchObject({ code: 4400 })
    expect(chatty.of('pong')).toHaveLength(20)
  })

  it('is to name what is no stream, or too many', async () => {
    for (const query of ['?streams=', '?streams=a%20b', `?streams=${Array.from({ length: 51 }, (_, i) => `s${i}`).join()}`]) {
      const client = await begin(edge, query)
      expect(await client.end(), query).toMatchObject({ code: 4400 })
      expect(client.of('error'), query).toHaveLength(1)
    }
  })

  it('is to come from a page of another origin; programs, own pages and those allowed may come', async () => {
    expect(await (await begin(edge, '', { Origin: 'https://evil.example' })).end()).toMatchObject({ code: 4403 })
    expect(edge.counters.values().events_origin_refused).toBe(1)
    for (const origin of ['https://tv.example', edge.url]) expect((await begin(edge, '', { Origin: origin })).told[0]?.type).toBe('streams')
    expect((await begin(edge)).told[0]?.type).toBe('streams')
  })

  it('is to open more sockets than an address may have, whose places are free again once they close', async () => {
    const [first] = [await begin(other), await begin(other)]
    expect(await (await begin(other)).end()).toMatchObject({ code: 1013 })
    expect(other.counters.values().events_refused).toBeGreaterThan(0)
    first?.close()
    const places = await other.runtime.runPromise(EventPlaces)
    await until(() => places.sockets.taken === 1, 'a free place')
    expect((await begin(other)).told[0]?.type).toBe('streams')
  })

  it('is to read nothing for ever', async () => {
    const stream = await liveStream(edge, tracks)
    const client = await begin(edge, `?streams=${stream.id}`)
    client.socket.pause()
    const before = edge.counters.values().events_stalled ?? 0
    const title = 'x'.repeat(100_000)
    let media = true
    // A change of state is told at once.
    const flood = Effect.forever(Effect.andThen(Effect.promise(() => stream.change({ title, renditions: (media = !media) ? [{ $typeName: 'millrace.v1.RenditionState', name: 'source', codec: '', width: 0, height: 0, bandwidth: 0, frames: 0n }] : [] })), Effect.sleep(20)))
    const cut = Effect.promise(() => until(async () => {
      const places = await edge.runtime.runPromise(EventPlaces)
      return places.sockets.taken === 0 || (edge.counters.values().events_stalled ?? 0) > before
    }, 'the client is cut', 60_000))
    await Effect.runPromise(Effect.raceFirst(flood, cut))
  }, 70_000)
})

it('clients of an edge that goes are told so', async () => {
  const going = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') })
  const client = await begin(going)
  await going.stop()
  expect(await client.end()).toMatchObject({ code: 1001 })
})
