import { beforeAll, expect, test } from 'vitest'
import { recording } from '../actors/testing/recordings.ts'
import { parseMedia } from '../actors/playlist/testing/parsePlaylist.ts'
import { decodeCapture, decodeRecording, timingFaults } from './kit/comparison.ts'
import { httpGet } from './kit/httpClient.ts'
import { type Capture, renditionsOf } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { publishRecording } from './kit/publishRecording.ts'
import { readRecording, type Watched, watchAll } from './kit/watching.ts'

const platform = usePlatform()
let edges: readonly [PlatformNode, PlatformNode]
let actors: readonly [PlatformNode, PlatformNode]

/** The five streams of this file are live at the same time. */
const tooSmallForAll = { MILLRACE_CAPACITY: '3' }

const source = recording('h264.webm')

beforeAll(async () => {
  const [a, b, first, second] = await Promise.all([
    platform.start({ name: 'edge-a', roles: 'edge' }),
    platform.start({ name: 'edge-b', roles: 'edge' }),
    platform.start({ name: 'actors-a', roles: 'actors', environment: tooSmallForAll }),
    platform.start({ name: 'actors-b', roles: 'actors,archive', environment: tooSmallForAll }),
  ])
  edges = [a, b]
  actors = [first, second]
})

const expectEveryFrame = async (capture: Capture | undefined): Promise<void> => {
  if (capture === undefined) throw new Error('there is no video rendition')
  const decoded = await decodeCapture(capture)
  const expected = await decodeRecording(source)
  expect(decoded.complaints).toEqual([])
  expect(decoded.frames.length).toBe(source.frames)
  expect(timingFaults(decoded.frames, expected.frames)).toEqual([])
  expect(decoded.frames.map(({ md5 }) => md5)).toEqual(expected.frames.map(({ md5 }) => md5))
}

/** Asks both edges for one thing; the bytes must be the same. */
const fromBoth = async (path: string): Promise<Uint8Array> => {
  const [one, other] = await Promise.all(edges.map(async ({ url }) => httpGet(new URL(path, url).href)))
  if (one === undefined || other === undefined) throw new Error('there are two edges')
  expect(Buffer.compare(one.bytes, other.bytes), `${path} is the same on both edges`).toBe(0)
  return one.bytes
}

/** Compares each playlist as of each part, each part, each segment and each init segment of a rendition while it is live. */
const compareRendition = async (path: string, over: AbortSignal): Promise<{ readonly playlists: number; readonly parts: number; readonly segments: number }> => {
  const seen = { playlists: 0, parts: 0, segments: 0 }
  const inits = new Set<string>()
  for (let [msn, part] = [0, 0]; ; ) {
    const text = new TextDecoder().decode(await fromBoth(`${path}?_HLS_msn=${msn}&_HLS_part=${part}`))
    seen.playlists++
    const { segments, ended } = parseMedia(text)
    if (ended || over.aborted) return seen
    const last = segments.at(-1)
    const asked = segments.find((segment) => segment.msn === msn)
    const listed = asked?.parts[part]
    if (asked?.map !== undefined && !inits.has(asked.map)) {
      inits.add(asked.map)
      await fromBoth(new URL(asked.map, `http://edge${path}`).pathname)
    }
    if (listed !== undefined) {
      await fromBoth(new URL(listed.uri, `http://edge${path}`).pathname)
      seen.parts++
      part++
    } else if (last !== undefined && last.msn > msn) {
      if (asked?.uri !== undefined) {
        await fromBoth(new URL(asked.uri, `http://edge${path}`).pathname)
        seen.segments++
      }
      ;[msn, part] = [msn + 1, 0]
    }
  }
}

test.concurrent('two edges give the same bytes for every playlist as of every part, every part, segment and init segment', async () => {
  const id = 'same-bytes'
  const over = new AbortController()
  const publishing = publishRecording(edges[0].url, source, { recordingId: id })
  await renditionsOf(`${edges[1].url}/live/${id}/index.m3u8`)
  const comparing = ['source', 'audio'].map((rendition) => compareRendition(`/live/${id}/${rendition}/playlist.m3u8`, over.signal))
  const publisher = await publishing
  await publisher.stop()
  for (const { playlists, parts, segments } of await Promise.all(comparing)) {
    expect(playlists).toBeGreaterThan(40)
    expect(parts).toBeGreaterThan(40)
    expect(segments).toBeGreaterThanOrEqual(1)
  }
  await fromBoth(`/live/${id}/index.m3u8`)
  over.abort()
})

test.concurrent('viewers on both edges get every frame of a publisher on one of them, whichever of the two actor nodes has the stream', async () => {
  const ids = ['spread-0', 'spread-1', 'spread-2']
  const owners = new Set<number>()
  await Promise.all(
    ids.map(async (id, index) => {
      const [publishedTo, other] = index % 2 === 0 ? edges : [edges[1], edges[0]]
      const publishing = publishRecording(publishedTo.url, source, {
        recordingId: id,
        onChunk: () => actors.forEach((node, number) => node.ffmpegs().length > 0 && owners.add(number)),
      })
      const watching: ReadonlyArray<Promise<ReadonlyMap<string, Watched>>> = [watchAll(publishedTo.url, id), watchAll(other.url, id)]
      const publisher = await publishing
      await publisher.stop()
      for (const renditions of await Promise.all(watching)) {
        for (const { complaints, broken } of renditions.values()) expect([...complaints, ...broken]).toEqual([])
        await expectEveryFrame(renditions.get('source'))
      }
      await expectEveryFrame((await readRecording(other.url, id)).get('source'))
    }),
  )
  expect(owners.size).toBe(2)
})

test.concurrent('a publisher whose edge is killed resumes on the other edge, and viewers of that edge notice nothing', async () => {
  const doomed = await platform.start({ name: 'edge-doomed', roles: 'edge' })
  const id = 'edge-killed'
  const killAt = Math.floor(source.chunks.length / 2)
  const publishing = publishRecording(doomed.url, source, {
    recordingId: id,
    onChunk: (index, publisher) => {
      if (index !== killAt) return
      publisher.useEdge(edges[1].url)
      doomed.signal('SIGKILL')
    },
  })
  const watching = watchAll(edges[1].url, id)
  const publisher = await publishing
  expect((await doomed.exited).signal).toBe('SIGKILL')
  expect(publisher.messages.filter(({ type }) => type === 'resumed').length).toBe(1)
  expect(publisher.acknowledged()).toBe(source.chunks.length)
  await publisher.stop()
  const live = await watching
  for (const { complaints, broken } of live.values()) expect([...complaints, ...broken]).toEqual([])
  await expectEveryFrame(live.get('source'))
  await expectEveryFrame((await readRecording(edges[0].url, id)).get('source'))
})
