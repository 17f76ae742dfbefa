import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Effect, Layer, Redacted } from 'effect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { ObjectStore } from '../actors/storage/ObjectStore.ts'
import { StorageSettings } from '../actors/storage/StorageSettings.ts'
import { recording } from '../actors/testing/recordings.ts'
import { rawRequest } from '../edge/testing/rawHttp.ts'
import { decodeCapture } from './kit/comparison.ts'
import { type EdgeMessage, EdgeSocket, type PublishingEnded } from './kit/edgeSocket.ts'
import { countFrames } from './kit/frameCount.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { type PublishedCamera, publishCamera } from './kit/publishCamera.ts'
import { startPublishing } from './kit/publisher.ts'
import { readRecording, type Watched, watchRendition } from './kit/watching.ts'

const platform = usePlatform()
const healthyId = 'healthy'
const source = recording('h264.webm')
const firstChunk = source.chunks[0]?.bytes ?? new Uint8Array(0)
let node: PlatformNode
let healthy: PublishedCamera
let watching: Promise<Watched>

beforeAll(async () => {
  node = await platform.start()
  healthy = await publishCamera(node.url, { camera: { width: 320, height: 180, fps: 20, codec: 'h264' }, stream: { recordingId: healthyId } })
  watching = watchRendition(node.url, healthyId, 'source')
})

afterAll(() => healthy.abandon())

interface Attempt {
  readonly socket: EdgeSocket
  readonly heard: ReadonlyArray<EdgeMessage>
  readonly say: (message: object | string) => void
  readonly send: (bytes: Uint8Array, options?: { readonly fin?: boolean }) => void
}

const attempt = async (): Promise<Attempt> => {
  const heard: Array<EdgeMessage> = []
  const socket = new EdgeSocket(node.url, (message) => heard.push(message))
  await socket.opened()
  return {
    socket,
    heard,
    say: (message) => socket.socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    send: (bytes, { fin = true } = {}) => socket.socket.send(bytes, { binary: true, fin }),
  }
}

/** Does something to a connection; gives how the edge ended it and what it said about it before. */
const refused = async (act: (attempt: Attempt) => void | Promise<void>): Promise<{ readonly ended: PublishingEnded; readonly error: EdgeMessage | undefined }> => {
  const made = await attempt()
  await act(made)
  const ended = await made.socket.closed
  return { ended, error: made.heard.findLast(({ type }) => type === 'error') }
}

/** The edge closes with this code, and has said the same in words. */
const expectRefusal = async (code: number, act: (attempt: Attempt) => void | Promise<void>): Promise<void> => {
  const { ended, error } = await refused(act)
  expect(ended.code).toBe(code)
  expect(error).toMatchObject({ type: 'error', code })
  expect(String(error?.['message']).length).toBeGreaterThan(5)
}

const badIds = ['..', '.', '*', '>', 'a.b', 'a b', 'a\u0000b', '../../etc/passwd', '', 'x'.repeat(300)]

describe('a publisher', { concurrent: true }, () => {
  test('that sends media before `start` is refused with 4400', () => expectRefusal(4400, ({ send }) => send(firstChunk)))

  test.each([['no JSON', '{"type":'], ['an unknown type', { type: 'dance' }], ['no type', {}], ['a long text', 'x'.repeat(100_000)], ['a foreign MIME type', { type: 'start', mimeType: 'text/html' }]])(
    'whose first message is %s is refused with 4400',
    (_what, message) => expectRefusal(4400, ({ say }) => say(message)),
  )

  test.each(badIds.map((id) => [JSON.stringify(id).slice(0, 30), id] as const))('that names its recording %s is refused with 4400', (_shown, recordingId) =>
    expectRefusal(4400, ({ say }) => say({ type: 'start', recordingId })),
  )

  test('that resumes a recording that nobody started is refused with 4404', () =>
    expectRefusal(4404, ({ say }) => say({ type: 'resume', recordingId: 'nobody-started', epoch: 0, publisherToken: 'x' })))

  test('that starts or resumes the recording of another is refused with 4409', async () => {
    await expectRefusal(4409, ({ say }) => say({ type: 'start', recordingId: healthyId }))
    await expectRefusal(4409, ({ say }) => say({ type: 'start', recordingId: healthyId, publisherToken: 'guessed' }))
    await expectRefusal(4409, ({ say }) => say({ type: 'resume', recordingId: healthyId, epoch: 0, publisherToken: 'guessed' }))
  })

  test.each([
    ['what is neither WebM nor MP4', 'video/webm', randomBytes(5_000).fill(0x41, 0, 8)],
    ['WebM as MP4', 'video/mp4', firstChunk],
    ['MP4 as WebM', 'video/webm', recording('100ms-avc3.mp4').chunks[0]?.bytes ?? new Uint8Array(0)],
  ])('that sends %s is refused with 4400', (_what, mimeType, bytes) =>
    expectRefusal(4400, ({ say, send }) => {
      say({ type: 'start', mimeType })
      send(bytes)
    }))

  test('that sends a frame above 16 MiB is refused with 1009', () =>
    expectRefusal(1009, ({ say, send }) => {
      say({ type: 'start' })
      send(new Uint8Array(16 * 1024 * 1024 + 1))
    }))

  test('that sends a frame without an end is cut', async () => {
    const { ended } = await refused(({ say, send }) => {
      say({ type: 'start' })
      for (let index = 0; index < 40; index++) send(new Uint8Array(1024 * 1024), { fin: false })
    })
    expect(ended.code).toBe(0)
  })

  test('may send empty frames', async () => {
    const publisher = await startPublishing(node.url, { mimeType: source.mimeType })
    for (const { bytes } of source.chunks.slice(0, 3)) {
      publisher.send(bytes)
      publisher.send(new Uint8Array(0))
    }
    await publisher.drained()
    expect(publisher.acknowledged()).toBe(6)
    await publisher.stop()
  })

  test('whose recording breaks off in the middle of a chunk gets what came whole', async () => {
    const id = 'broken-off'
    const publisher = await startPublishing(node.url, { recordingId: id, mimeType: source.mimeType })
    for (const { bytes } of source.chunks.slice(0, 8)) publisher.send(bytes)
    publisher.send(source.chunks[8]?.bytes.subarray(0, 10_000) ?? new Uint8Array(0))
    await publisher.stop()
    const { frames } = await decodeCapture((await readRecording(node.url, id)).get('source') ?? { playlist: '', media: [], inits: new Map(), ended: true, complaints: [], gaps: [] })
    expect(frames.length).toBeGreaterThan(80)
    expect(frames.length).toBeLessThan(100)
  })

  test('that stops reading is served or sent away, and its stream is whole', async () => {
    const id = 'reads-nothing'
    const publisher = await attempt()
    publisher.say({ type: 'start', recordingId: id, mimeType: source.mimeType })
    await until('started', async () => publisher.heard.find(({ type }) => type === 'started'))
    publisher.socket.socket.pause()
    for (const { bytes } of source.chunks) publisher.send(bytes)
    publisher.say({ type: 'stop' })
    const { frames } = await decodeCapture((await readRecording(node.url, id)).get('source') ?? { playlist: '', media: [], inits: new Map(), ended: true, complaints: [], gaps: [] })
    expect(frames.length).toBe(source.frames)
    publisher.socket.socket.terminate()
  })
})

const statusAndReason = async (id: string): Promise<{ readonly status?: string; readonly reason?: string }> =>
  (await (await fetch(`${node.url}/api/streams/${id}`)).json()) as { status?: string; reason?: string }

describe('garbage behind a good beginning', { concurrent: true }, () => {
  test.each([
    ['a WebM header', firstChunk.subarray(0, 400)],
    ['a whole first chunk', firstChunk],
  ])('%s and then garbage ends as failed, once, and the publisher is told the reason', async (what, beginning) => {
    const id = what.replaceAll(' ', '-')
    const publisher = await startPublishing(node.url, { recordingId: id, mimeType: source.mimeType, resumes: false })
    publisher.send(beginning)
    let ended: PublishingEnded | undefined
    const ending = publisher.failed.catch((error: PublishingEnded) => (ended = error))
    // Garbage may announce a block of up to 16 MiB, which is broken only once it is there: it goes on, at 8 MB/s, until the edge has had enough.
    while (ended === undefined) {
      for (let index = 0; index < 20; index++) publisher.send(randomBytes(20_000))
      await Promise.race([delay(50), ending])
    }
    expect(ended.code).toBe(4400)
    expect(ended.message).toMatch(/failed: .{10,}/)
    const { status, reason } = await statusAndReason(id)
    // What is whole of it may be in the archive already.
    expect(status).toMatch(/^(failed|archived)$/)
    expect(ended.message).toContain(reason)
    expect(await startPublishing(node.url, { recordingId: id }).catch((error: PublishingEnded) => error.code)).toBe(4404)
  })
})

const problem = (kind: number) => new RegExp(`^HTTP/1.1 ${kind} [^]*application/problem\\+json`)

describe('a viewer', { concurrent: true }, () => {
  const port = (): number => Number(new URL(node.url).port)

  test.each([
    ['_HLS_msn=4000000000', 400],
    ['_HLS_msn=99999', 400],
    ['_HLS_msn=-1', 400],
    ['_HLS_msn=NaN', 400],
    ['_HLS_msn=1e3', 400],
    ['_HLS_msn=', 400],
    ['_HLS_part=0', 400],
    ['_HLS_msn=0&_HLS_part=-1', 400],
    ['_HLS_msn=99999999999999999999999999', 400],
  ])('that asks for a playlist with %s gets a problem document', async (query, status) => {
    const live = await until('a live playlist', async () => {
      const answer = await fetch(`${node.url}/live/${healthyId}/source/playlist.m3u8`)
      return answer.ok ? true : undefined
    })
    expect(live).toBe(true)
    expect(await rawRequest(port(), `/live/${healthyId}/source/playlist.m3u8?${query}`)).toMatch(problem(status))
  })

  test.each(['..', '.', '%2e%2e', '%00', 'a%00b', 'a.b', 'a*b', 'a%3Eb', 'a%20b', 'x'.repeat(300), '%2F', '..%2f..%2fetc%2fpasswd'])('that asks for the id %s gets 400 everywhere', async (id) => {
    for (const path of [`/live/${id}/index.m3u8`, `/live/${id}/source/playlist.m3u8`, `/recordings/${id}/index.m3u8`, `/api/streams/${id}`])
      expect(await rawRequest(port(), path)).toMatch(problem(400))
  })

  test('that asks for what is not there gets 404', async () => {
    for (const path of ['/live/nobody/index.m3u8', '/recordings/nobody/index.m3u8', `/live/${healthyId}/source/part_9999_0.m4s`, `/live/${healthyId}/none/playlist.m3u8`])
      expect(await rawRequest(port(), path)).toMatch(problem(404))
  })

  test('that stops reading in the middle of an answer is cut', async () => {
    const publisher = await startPublishing(node.url, { recordingId: 'big', mimeType: source.mimeType })
    for (const { bytes } of source.chunks.slice(0, 4)) publisher.send(bytes)
    await publisher.stop()
    await readRecording(node.url, 'big')
    await addSegment('big', 'segment_00077.m4s', 32 * 1024 * 1024)
    const stalled = connect(port(), '127.0.0.1')
    let received = 0
    let isClosed = false
    stalled.on('error', () => undefined)
    stalled.on('close', () => (isClosed = true))
    stalled.write('GET /recordings/big/source/segment_00077.m4s HTTP/1.1\r\nHost: test\r\n\r\n')
    await once(stalled, 'readable')
    expect(String(stalled.read(15))).toBe('HTTP/1.1 200 OK')
    // A viewer counts as stalled after 6 s; only later is it read what had been sent before.
    await delay(12_000)
    stalled.on('data', (bytes) => (received += bytes.length))
    await until('the connection is cut', async () => (isClosed ? true : undefined), 5_000)
    expect(received).toBeGreaterThan(100_000)
    expect(received).toBeLessThan(30 * 1024 * 1024)
  })
})

/** Adds a segment to a recording that no edge has in memory and no socket buffer holds. */
const addSegment = (id: string, name: string, bytes: number): Promise<void> => {
  const settings = Layer.succeed(StorageSettings, { url: Redacted.make(platform.objectStoreUrl()), operationTimeout_ms: 30_000 })
  return Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* ObjectStore
      const objects = yield* store.list('recordings/')
      const index = objects.find(({ key }) => key.endsWith(`/${id}/hls/index.m3u8`))
      if (index === undefined) throw new Error(`${id} is not archived`)
      yield* store.put(index.key.replace('index.m3u8', `source/${name}`), new Uint8Array(bytes))
    }).pipe(Effect.provide(ObjectStore.layer.pipe(Layer.provide(settings)))),
  )
}

test('the healthy stream beside all this has every frame once, live and in the archive, and the platform is ready', async () => {
  const ready = await fetch(`${node.url}/ready`)
  expect(await ready.json()).toMatchObject({ status: 'ready' })
  await healthy.stop()
  const sent = healthy.framesTaken()
  expect(sent).toBeGreaterThan(100)
  const live = await watching
  expect([...live.broken, ...live.complaints]).toEqual([])
  const archived = (await readRecording(node.url, healthyId)).get('source')
  if (archived === undefined) throw new Error('there is no recording')
  for (const capture of [live, archived]) {
    const { frames } = await decodeCapture(capture)
    expect(countFrames(frames.map(({ label }) => label?.frame), [0, sent - 1])).toEqual({ seen: sent, missing: [], missingFrames: 0, repeated: 0, outOfOrder: 0, unreadable: 0 })
  }
  expect(node.ffmpegs()).toEqual([])
})

test('everything refused is counted where operators see it', async () => {
  const text = await (await fetch(`${node.url}/metrics`)).text()
  const count = (sample: string): number => Number(text.split('\n').find((line) => line.startsWith(`${sample} `))?.split(' ')[1])
  for (const code of [4400, 4404, 4409, 1009]) expect(count(`millrace_ingest_closed_total{code="${code}"}`)).toBeGreaterThan(0)
  for (const kind of ['bad_request', 'not_found', 'viewer_stalled']) expect(count(`millrace_edge_refusals_total{kind="${kind}"}`)).toBeGreaterThan(0)
  expect(count('millrace_ingest_frames_total')).toBeGreaterThan(100)
})
