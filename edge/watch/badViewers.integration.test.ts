import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { newId } from '../../runtime/ids.ts'
import { type EncodedTrack, encodeMedia } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'
import { HEARTBEAT_S } from './limits.ts'
import { rawViewer } from './testing/rawViewer.ts'
import { TestViewer } from './testing/TestViewer.ts'
import { newStream } from './testing/watchWorld.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

const PER_ADDRESS_MAX = 30

let edge: Edge
let tracks: ReadonlyArray<EncodedTrack>
const viewers: Array<TestViewer> = []

beforeAll(async () => {
  edge = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory'), settings: { watchSocketsPerAddressMax: PER_ADDRESS_MAX, corsOrigins: ['https://pages.example'] } })
  tracks = encodeMedia(6)
})
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.leave()
  await until(() => edge.watching.figures().sockets === 0, 'all have gone')
})
afterAll(() => edge.stop())

const watch = (path: string, headers: Readonly<Record<string, string>> = {}): TestViewer => {
  const viewer = new TestViewer(edge.url, path, headers)
  viewers.push(viewer)
  return viewer
}

const liveStream = async () => {
  const stream = await newStream(edge, tracks)
  await stream.begin()
  await stream.write(2.5)
  return stream
}

/** The stream goes on for somebody else, whatever others do. */
const undisturbed = async (stream: Awaited<ReturnType<typeof newStream>>, healthy: TestViewer): Promise<void> => {
  const before = healthy.frames.length
  await stream.write(0.5)
  await healthy.until(({ frames }) => frames.length > before, 'more media')
  expect(healthy.closed).toBeUndefined()
}

it.each([
  ['nobody knows', newId(), 4404],
  ['is no id', 'a%20b', 4404],
  ['is followed by a viewer id that is none', `${newId()}?viewer=a%20b`, 4400],
  ['is followed by a query without end', `${newId()}?x=${'y'.repeat(3_000)}`, 4400]
])('closes a socket at once whose stream %s', async (_, path, code) => {
  const viewer = watch(path)
  expect((await viewer.ended()).code).toBe(code)
  expect(viewer.frames).toEqual([])
})

it.each<[what: string, send: (viewer: TestViewer) => void, code: number]>([
  ['an unknown type', (viewer) => viewer.send({ type: 'seek', to: 3 }), 4400],
  ['no JSON', (viewer) => viewer.socket.send('<script>'), 4400],
  ['bytes', (viewer) => viewer.socket.send(Buffer.from('{"type":"ping"}')), 4400],
  ['more than a kilobyte', (viewer) => viewer.send({ type: 'rendition', name: 'x'.repeat(2_000) }), 4400],
  ['too much in a second', (viewer) => Array.from({ length: 40 }, () => viewer.send({ type: 'ping' })), 4400],
  ['megabytes', (viewer) => viewer.socket.send('x'.repeat(8 * 1024 * 1024)), 1006]
])('closes the socket of who sends %s, and nobody else notices', async (_, send, code) => {
  const stream = await liveStream()
  const [healthy, bad] = [watch(stream.id), watch(stream.id)]
  for (const viewer of [healthy, bad]) await viewer.until(({ frames }) => frames.length > 0, 'media')
  const refused = edge.counters.values().viewer_message_refused ?? 0
  send(bad)
  expect((await bad.ended()).code).toBe(code)
  if (code === 4400) expect(bad.texts.at(-1)).toMatchObject({ type: 'error' })
  await until(() => edge.counters.values().viewer_message_refused === refused + 1, 'the refusal is counted')
  await undisturbed(stream, healthy)
})

it('answers an unknown rendition with an error, and goes on with what the viewer had', async () => {
  const stream = await liveStream()
  const viewer = watch(`${stream.id}?rendition=%3Cb%3E`)
  await viewer.until(({ frames }) => frames.length > 0, 'media')
  viewer.send({ type: 'rendition', name: '8k' })
  await viewer.until(({ texts }) => texts.filter(({ type }) => type === 'error').length === 2, 'two errors')
  expect(viewer.texts.filter(({ type }) => type === 'error')).toEqual([
    { type: 'error', code: 'unknownRendition', message: 'the stream has no video rendition of that name' },
    { type: 'error', code: 'unknownRendition', message: 'the stream has no video rendition of "8k"' }
  ])
  await undisturbed(stream, viewer)
})

it('closes sockets of pages that may not watch with 4403, and of nobody else', async () => {
  const stream = await liveStream()
  expect((await watch(stream.id, { Origin: 'https://other.example' }).ended()).code).toBe(4403)
  for (const headers of [{}, { Origin: 'https://pages.example' }, { Origin: edge.url }]) {
    await watch(stream.id, headers).until(({ frames }) => frames.length > 0, `media with ${JSON.stringify(headers)}`)
  }
})

it('closes sockets beyond those that an address may have with 1013, while those before go on', async () => {
  const stream = await liveStream()
  const healthy = watch(stream.id)
  await healthy.until(({ frames }) => frames.length > 0, 'media')
  const silent = await Promise.all(Array.from({ length: PER_ADDRESS_MAX - 1 }, () => rawViewer(edge.port, stream.id)))
  await until(() => edge.watching.figures().sockets === PER_ADDRESS_MAX, 'all places are taken')
  const refused = Array.from({ length: 100 }, () => watch(stream.id))
  for (const viewer of refused) expect(await viewer.ended()).toEqual({ code: 1013, reason: 'too many viewers, of this address or in all' })
  expect(edge.counters.values().viewer_refused).toBe(100)
  await undisturbed(stream, healthy)
  for (const { socket } of silent) socket.destroy()
  await until(() => edge.watching.figures().sockets === 1, 'places are free again')
  await watch(stream.id).until(({ frames }) => frames.length > 0, 'media for who comes then')
})

it('takes a viewer that gives no sign of life for gone, and counts it', async () => {
  const stream = await liveStream()
  const [healthy, silent] = [watch(stream.id), await rawViewer(edge.port, stream.id)]
  await healthy.until(({ frames }) => frames.length > 0, 'media')
  await until(() => edge.watching.figures().sockets === 2, 'both are there')
  silent.socket.resume()
  await until(() => silent.closed(), 'it is cut', 2 * HEARTBEAT_S * 1_000)
  expect(edge.counters.values().viewer_timed_out).toBe(1)
  await undisturbed(stream, healthy)
}, 3 * HEARTBEAT_S * 1_000)

it('keeps nothing of sockets that come and go for streams that are not there', async () => {
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 20 }, async () => expect((await watch(newId()).ended()).code).toBe(4404)))
  }
  expect(edge.watching.figures()).toMatchObject({ sockets: 0, streams: 0 })
})
