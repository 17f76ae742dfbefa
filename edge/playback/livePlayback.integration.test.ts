// A long file, because two edges and encoded media are dear to set up and all of these tests share them.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMedia } from '../../actors/playlist/testing/parsePlaylist.ts'
import { checkBlockingAnswer, checkDelta, checkMedia } from '../../actors/playlist/testing/rules.ts'
import { ObjectStore } from '../../actors/storage/ObjectStore.ts'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { MediaWriter } from '../testing/MediaWriter.ts'
import { rawRequest } from '../testing/rawHttp.ts'
import { encodeMedia } from '../testing/realMedia.ts'
import type { EncodedTrack } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

let first: Edge
let second: Edge
let tracks: ReadonlyArray<EncodedTrack>

beforeAll(async () => {
  const world = { natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') }
  first = await startEdge({ ...world, settings: { followLinger_ms: 300, waitersMax: 25, waitersPerAddressMax: 20 } })
  second = await startEdge(world)
  tracks = encodeMedia(40)
})
afterAll(async () => {
  await first.stop()
  await second.stop()
})

const entry = (id: string, status: StreamStatus) =>
  first.runtime.runPromise(Buckets.use(({ streams }) => streams.create(id, create(StreamStateSchema, { streamId: id, status, title: 'a <b>title</b>', createdAtMs: 1_700_000_000_000n, keyPrefix: `recordings/2026/01/02/${id}/` }))))

const newStream = async (windowSegments = 30) => {
  const id = newId()
  await entry(id, StreamStatus.LIVE)
  const writer = await first.runtime.runPromise(Log.use((log) => Effect.succeed(new MediaWriter(log.appender(log.subject('media', id), 0), tracks, windowSegments))))
  const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => first.runtime.runPromise(effect)
  await run(writer.takeOver())
  return {
    id,
    writer,
    run,
    write: (duration_s: number) => run(writer.write(duration_s)),
    end: () => run(writer.end()),
    path: (name: string) => `/live/${id}/${name}`
  }
}

const get = async (edge: Edge, path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${edge.url}${path}`, { headers, redirect: 'manual' })
  const bytes = new Uint8Array(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, text: new TextDecoder().decode(bytes) }
}

const textOf = async (edge: Edge, path: string): Promise<string> => {
  const answer = await get(edge, path)
  expect(answer.status, `${path}: ${answer.text.slice(0, 200)}`).toBe(200)
  return answer.text
}

describe('live playback', () => {
  it('gives the same playlists, init segments, parts and segments on two edges, whichever joined when', async () => {
    const stream = await newStream(6)
    await stream.write(5)
    const early = await textOf(first, stream.path('source/playlist.m3u8'))
    expect(checkMedia(early).broken).toEqual([])
    await stream.write(14)
    for (const rendition of ['source', 'audio']) {
      const playlists = await Promise.all([first, second].map((edge) => textOf(edge, stream.path(`${rendition}/playlist.m3u8`))))
      expect(playlists[0]).toBe(playlists[1])
      const playlist = parseMedia(playlists[0] ?? '')
      expect(playlist.mediaSequence).toBe(4)
      const uris = playlist.segments.flatMap(({ uri, map, parts }) => [uri, map, ...parts.map((part) => part.uri)]).filter((uri) => uri !== undefined)
      expect(uris.length).toBeGreaterThan(50)
      for (const uri of new Set(uris)) {
        const [a, b] = await Promise.all([first, second].map((edge) => get(edge, stream.path(`${rendition}/${uri}`))))
        expect([a?.status, b?.status]).toEqual([200, 200])
        expect(a?.bytes).toEqual(b?.bytes)
        expect(a?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      }
      const last = playlist.segments.at(-1)
      for (let part = 0; part < (last?.parts.length ?? 0); part++) {
        const wanted = { msn: last?.msn ?? 0, part }
        const prefixes = await Promise.all([first, second].map((edge) => textOf(edge, stream.path(`${rendition}/playlist.m3u8?_HLS_msn=${wanted.msn}&_HLS_part=${part}`))))
        expect(prefixes[0]).toBe(prefixes[1])
        expect(checkBlockingAnswer(prefixes[0] ?? '', wanted)).toEqual([])
      }
    }
    const held = fetch(`${first.url}${stream.path('source/playlist.m3u8?_HLS_msn=10')}`)
    await until(() => first.follower.figures().waiting > 0, 'a request waits')
    await stream.end()
    const ended = await (await held).text()
    expect(ended).toContain('#EXT-X-ENDLIST')
    expect(await textOf(second, stream.path('source/playlist.m3u8'))).toBe(await textOf(first, stream.path('source/playlist.m3u8')))
    expect(await textOf(second, stream.path('index.m3u8'))).toBe(await textOf(first, stream.path('index.m3u8')))
  })

  it('lets FFmpeg decode every frame of an ended stream', async () => {
    const stream = await newStream()
    await stream.write(12)
    await stream.end()
    const { stdout: list } = await promisify(execFile)('ffprobe', ['-v', 'error', '-count_frames', '-show_entries', 'stream=codec_type,nb_read_frames', '-of', 'csv=p=0', `${second.url}${stream.path('index.m3u8')}`], { timeout: 20_000 })
    expect(list).toContain(`video,${stream.writer.written('source')}`)
    expect(stream.writer.written('source')).toBe(240)
    // One frame of priming is not presented.
    const audio = Number(/audio,(\d+)/.exec(list)?.[1])
    expect(Math.abs(audio - stream.writer.written('audio'))).toBeLessThanOrEqual(1)
  })

  it('answers a blocking request as soon as the part is there, with exactly that prefix', async () => {
    const stream = await newStream()
    await stream.write(3.05)
    const before = parseMedia(await textOf(first, stream.path('source/playlist.m3u8')))
    const last = before.segments.at(-1)
    const wanted = { msn: last?.msn ?? 0, part: last?.parts.length ?? 0 }
    let answered = false
    const answer = textOf(first, stream.path(`source/playlist.m3u8?_HLS_msn=${wanted.msn}&_HLS_part=${wanted.part}`)).then((text) => {
      answered = true
      return text
    })
    const hinted = get(first, stream.path(`source/${before.preloadHint}`))
    await until(() => first.follower.figures().waiting === 2, 'two requests wait')
    expect(answered).toBe(false)
    await stream.write(2)
    expect(checkBlockingAnswer(await answer, wanted)).toEqual([])
    const part = await hinted
    expect([part.status, part.bytes.byteLength > 100]).toEqual([200, true])
  })

  it('gives the unchanged playlist to a request that waited for half a target duration', async () => {
    const stream = await newStream()
    await stream.write(3)
    const now = await textOf(first, stream.path('source/playlist.m3u8'))
    const msn = parseMedia(now).segments.at(-1)?.msn ?? 0
    const begun_ms = performance.now()
    const answer = await get(first, stream.path(`source/playlist.m3u8?_HLS_msn=${msn}`))
    expect(performance.now() - begun_ms).toBeGreaterThan(2_900)
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, now, 'no-store'])
  })

  it('gives a delta update that says the same as the full playlist', async () => {
    const stream = await newStream()
    await stream.write(40)
    const [full, delta] = await Promise.all(['', '?_HLS_skip=YES'].map((query) => textOf(first, stream.path(`source/playlist.m3u8${query}`))))
    expect(delta).toContain('#EXT-X-SKIP:')
    expect(checkDelta(full ?? '', delta ?? '')).toEqual([])
  })

  it('waits for the first segment of a stream that has just begun, for a bounded time', async () => {
    const stream = await newStream()
    const early = await get(first, stream.path('index.m3u8'))
    expect([early.status, early.headers.get('retry-after'), early.headers.get('content-type')]).toEqual([503, '1', 'application/problem+json'])
    let answered = false
    const later = textOf(first, stream.path('index.m3u8')).then((text) => {
      answered = true
      return text
    })
    await stream.write(1.9)
    expect(await textOf(first, stream.path('source/playlist.m3u8'))).not.toContain('#EXTINF')
    expect(answered).toBe(false)
    await stream.write(1)
    const text = await later
    for (const rendition of ['source', 'audio']) expect(await textOf(first, stream.path(`${rendition}/playlist.m3u8`))).toContain('#EXTINF')
    expect(text).toContain('RESOLUTION=320x240')
    expect(text).toContain('URI="audio/playlist.m3u8"')
  })

  it('lets go of a stream a while after its last viewer, and follows it again for the next', async () => {
    const stream = await newStream()
    await stream.write(3)
    const before = await textOf(first, stream.path('source/playlist.m3u8'))
    await until(() => first.follower.figures().streams === 0, 'nothing is followed')
    expect(first.follower.figures().bytes).toBe(0)
    expect(await textOf(first, stream.path('source/playlist.m3u8'))).toBe(before)
  })

  it('reads media that memory has no room for from the archive, and from the log where the archive has none yet', async () => {
    const small = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory'), settings: { streamBytesMax: 1 } })
    const stream = await newStream()
    await stream.write(20)
    const playlist = parseMedia(await textOf(small, stream.path('source/playlist.m3u8')))
    expect(small.follower.figures().bytes).toBeLessThan(second.follower.figures().bytes + 5_000_000)
    for (const { uri, parts } of playlist.segments.slice(1, 4)) {
      const [a, b] = await Promise.all([small, second].map((edge) => get(edge, stream.path(`source/${uri}`))))
      expect([a?.status, b?.status]).toEqual([200, 200])
      expect(a?.bytes).toEqual(b?.bytes)
      for (const part of parts) expect((await get(small, stream.path(`source/${part.uri}`))).bytes).toEqual((await get(second, stream.path(`source/${part.uri}`))).bytes)
    }
    const archived = await get(second, stream.path('source/segment_00000.m4s'))
    await small.runtime.runPromise(ObjectStore.use((store) => store.put(`recordings/2026/01/02/${stream.id}/hls/source/segment_00000.m4s`, archived.bytes)))
    expect((await get(small, stream.path('source/segment_00000.m4s'))).bytes).toEqual(archived.bytes)
    await small.stop()
  })

  it('sends viewers of a stream whose log is gone to its recording', async () => {
    const id = newId()
    await entry(id, StreamStatus.ARCHIVED)
    const answer = await get(first, `/live/${id}/index.m3u8`)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `/recordings/${id}/index.m3u8`])
    const prefix = `recordings/2026/01/02/${id}/`
    const put = (name: string, text: string): Promise<void> => first.runtime.runPromise(ObjectStore.use((store) => store.put(prefix + name, Buffer.from(text))))
    expect((await get(first, `/recordings/${id}/index.m3u8`)).status).toBe(404)
    await put('hls/index.m3u8', '#EXTM3U\n')
    await put('hls/source/segment_00000.m4s', '0123456789')
    const index = await get(first, `/recordings/${id}/index.m3u8`)
    expect([index.status, index.text, index.headers.get('cache-control')]).toEqual([200, '#EXTM3U\n', 'no-cache'])
    expect((await get(first, `/recordings/${id}/index.m3u8`, { 'If-None-Match': index.headers.get('etag') ?? '' })).status).toBe(304)
    const segment = `/recordings/${id}/source/segment_00000.m4s`
    const range = await get(first, segment, { Range: 'bytes=2-4' })
    expect([range.status, range.text, range.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10'])
    expect((await get(first, segment, { Range: 'bytes=20-' })).status).toBe(416)
    expect((await get(first, `/live/${id}/source/segment_00000.m4s`)).text).toBe('0123456789')
    expect((await get(first, `/recordings/${id}/source/part_0_0.m4s`)).status).toBe(404)
  })
})

describe('bad requests for playback', () => {
  it('get a problem document each, and disturb nothing', async () => {
    const stream = await newStream()
    await stream.write(3)
    const cases: ReadonlyArray<readonly [string, number]> = [
      ['source/playlist.m3u8?_HLS_msn=4000000000', 400],
      ['source/playlist.m3u8?_HLS_msn=99', 400],
      ['source/playlist.m3u8?_HLS_msn=-1', 400],
      ['source/playlist.m3u8?_HLS_msn=NaN', 400],
      ['source/playlist.m3u8?_HLS_msn=', 400],
      ['source/playlist.m3u8?_HLS_msn=1&_HLS_part=-1', 400],
      ['source/playlist.m3u8?_HLS_msn=1&_HLS_part=900', 400],
      ['source/playlist.m3u8?_HLS_part=1', 400],
      ['nothing/playlist.m3u8', 404],
      ['Nothing!/playlist.m3u8', 404],
      ['source/part_0_77.m4s', 404],
      ['source/part_9_0.m4s', 404],
      ['source/segment_00077.m4s', 404],
      ['source/segment_1.m4s', 404],
      ['source/init-9.mp4', 404],
      ['source/../../../etc/passwd', 404],
      ['source/x', 404]
    ]
    for (const [name, status] of cases) {
      const raw = await rawRequest(first.port, stream.path(name))
      expect([name, raw.slice(0, 12)]).toEqual([name, `HTTP/1.1 ${status}`])
      expect(raw).toContain('application/problem+json')
    }
    expect((await get(first, `/live/${newId()}/index.m3u8`)).status).toBe(404)
    for (const id of ['..', '.', '%2e%2e', '%00', 'a%00b', 'a.b', 'a*b', 'a>b', 'a%20b', 'x'.repeat(300), '%2F', 'é']) {
      for (const path of [`/live/${id}/index.m3u8`, `/live/${id}/source/playlist.m3u8`, `/recordings/${id}/index.m3u8`, `/api/streams/${id}`]) {
        expect([path, (await rawRequest(first.port, path)).slice(0, 12)]).toEqual([path, 'HTTP/1.1 400'])
      }
    }
    for (const id of ['a b', 'a\0b']) expect((await rawRequest(first.port, `/live/${id}/index.m3u8`)).startsWith('HTTP/1.1 200')).toBe(false)
    expect((await rawRequest(first.port, `/live/${'x'.repeat(2_100)}/index.m3u8`)).slice(0, 12)).toBe('HTTP/1.1 414')
    expect((await rawRequest(first.port, stream.path('index.m3u8'), 'POST')).slice(0, 12)).toBe('HTTP/1.1 405')
    expect(await textOf(first, stream.path('source/playlist.m3u8'))).toContain('#EXTM3U')
  })

  it('are refused when too many wait, of one address or in all', async () => {
    const stream = await newStream()
    await stream.write(3)
    const askFrom = (localAddress: string, count: number) =>
      Array.from({ length: count }, async () => {
        const asking = request({ localAddress, host: '127.0.0.1', port: first.port, path: stream.path('source/playlist.m3u8?_HLS_msn=2') }).end()
        const [response] = (await once(asking, 'response')) as [IncomingMessage]
        response.resume()
        return response.statusCode
      })
    const mine = askFrom('127.0.0.1', 30)
    await until(() => first.follower.figures().waiting === 20, 'as many of one address wait as may')
    const others = askFrom('127.0.0.2', 10)
    await until(() => first.follower.figures().waiting === 25, 'as many wait as may')
    await until(() => first.counters.values().wait_refused === 15, 'the others are refused')
    await stream.write(4)
    const statuses = await Promise.all([mine, others].map((all) => Promise.all(all)))
    expect(statuses.map((all) => all.filter((status) => status === 200).length)).toEqual([20, 5])
    expect(statuses.map((all) => all.filter((status) => status === 503).length)).toEqual([10, 5])
  })

  it('by viewers that stop reading end with their connection cut, while others are served', async () => {
    const id = newId()
    await entry(id, StreamStatus.ARCHIVED)
    await first.runtime.runPromise(ObjectStore.use((store) => store.put(`recordings/2026/01/02/${id}/hls/source/segment_00000.m4s`, new Uint8Array(24 * 1024 * 1024))))
    const path = `/recordings/${id}/source/segment_00000.m4s`
    const stalled = connect(first.port, '127.0.0.1')
    let closed = false
    stalled.on('error', () => undefined)
    stalled.on('close', () => (closed = true))
    stalled.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`)
    await new Promise((resolve) => stalled.once('readable', resolve))
    const healthy = await get(first, path)
    expect([healthy.status, healthy.bytes.byteLength]).toEqual([200, 24 * 1024 * 1024])
    await until(() => (first.counters.values().viewer_stalled ?? 0) > 0, 'the stalled viewer is cut', 15_000)
    stalled.resume()
    await until(() => closed, 'its socket is closed')
  })

  it('that go away while they wait leave nothing behind', async () => {
    const stream = await newStream()
    await stream.write(3)
    const abort = new AbortController()
    const gone = fetch(`${first.url}${stream.path('source/playlist.m3u8?_HLS_msn=2')}`, { signal: abort.signal }).catch(() => 'gone')
    await until(() => first.follower.figures().waiting === 1, 'one waits')
    abort.abort()
    expect(await gone).toBe('gone')
    await until(() => first.follower.figures().waiting === 0, 'nobody waits', 2_000)
  })
})

describe('what else an edge answers', () => {
  it('lists streams and describes one', async () => {
    const stream = await newStream()
    const described = JSON.parse(await textOf(first, `/api/streams/${stream.id}`)) as Record<string, unknown>
    expect(described).toMatchObject({ id: stream.id, status: 'live', title: 'a <b>title</b>', startedAt: '2023-11-14T22:13:20.000Z', playlist: stream.path('index.m3u8') })
    await until(async () => (await textOf(first, '/api/streams')).includes(stream.id), 'the list has the stream')
    expect((await get(first, `/api/streams/${newId()}`)).status).toBe(404)
  })

  it('is alive and ready, and names what it depends on', async () => {
    expect(JSON.parse(await textOf(first, '/health'))).toEqual({ status: 'ok' })
    expect(JSON.parse(await textOf(first, '/ready'))).toMatchObject({ status: 'ready', dependencies: [{ name: 'nats', ready: true, needed: true }, { name: 'file descriptors', ready: true, needed: true }] })
  })

  it('lets pages of other origins read what is public, as configured', async () => {
    expect((await get(first, '/health', { Origin: 'https://elsewhere.example' })).headers.get('access-control-allow-origin')).toBe('*')
    const strict = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory'), settings: { corsOrigins: ['https://here.example'] } })
    expect((await get(strict, '/health', { Origin: 'https://here.example' })).headers.get('access-control-allow-origin')).toBe('https://here.example')
    const stranger = await get(strict, '/health', { Origin: 'https://elsewhere.example' })
    expect([stranger.headers.get('access-control-allow-origin'), stranger.headers.get('vary')]).toEqual([null, 'Origin'])
    const preflight = await fetch(`${strict.url}/live/${newId()}/index.m3u8`, { method: 'OPTIONS', headers: { Origin: 'https://here.example' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    await strict.stop()
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    const stream = await newStream()
    await stream.write(3)
    const whole = await get(first, stream.path('source/segment_00000.m4s'))
    const head = await fetch(`${first.url}${stream.path('source/segment_00000.m4s')}`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), (await head.arrayBuffer()).byteLength]).toEqual([200, String(whole.bytes.byteLength), 0])
  })

  it('answers on the same connection after HEAD, as proxies want it', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = async (method: string, path: string) => {
      const [response] = (await once(request({ agent, method, path, host: '127.0.0.1', port: first.port }).end(), 'response')) as [IncomingMessage]
      const port = response.socket.localPort
      for await (const _ of response);
      return [response.statusCode, port]
    }
    const [, port] = await ask('GET', '/health')
    for (const path of ['/health', '/nowhere', `/live/${newId()}/index.m3u8`]) {
      const [status] = await ask('HEAD', path)
      expect(await ask('GET', path)).toEqual([status, port])
    }
    agent.destroy()
  })

  it('says that an address is taken', async () => {
    await expect(startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory'), settings: { port: first.port } })).rejects.toMatchObject({ _tag: 'AddressTaken', port: first.port })
  })
})
