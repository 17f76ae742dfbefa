import { Effect } from 'effect'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { liveStream } from '../testing/liveStream.ts'
import { type EncodedTrack, encodeMedia } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'
import { Presence } from './Presence.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

let edges: ReadonlyArray<Edge>
let tracks: ReadonlyArray<EncodedTrack>

beforeAll(async () => {
  const world = { natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') }
  edges = await Promise.all([startEdge(world), startEdge(world)])
  tracks = encodeMedia(8)
})
afterAll(async () => {
  await Promise.all(edges.map((edge) => edge.stop()))
})

const edge = (index: number): Edge => {
  const found = edges[index]
  if (found === undefined) throw new Error('there are two edges')
  return found
}

/** Shorter than a viewer who comes back without blocking lingers, with room for a busy machine. */
const SOON_MS = 6_000

const viewersAt = async ({ url }: Edge, id: string): Promise<unknown> => ((await (await fetch(`${url}/api/streams/${id}`)).json()) as { readonly viewers: unknown }).viewers
const listedAt = async ({ url }: Edge, id: string): Promise<unknown> =>
  ((await (await fetch(`${url}/api/streams`)).json()) as { readonly streams: ReadonlyArray<{ readonly id: string; readonly viewers: unknown }> }).streams.find((stream) => stream.id === id)?.viewers

/** Waits until both edges show so many viewers, alone and in their lists. */
const untilBothShow = async (id: string, viewers: number, within_ms = SOON_MS): Promise<void> => {
  let shown: ReadonlyArray<unknown> = []
  const look = async (): Promise<boolean> => {
    shown = await Promise.all(edges.flatMap((one) => [viewersAt(one, id), listedAt(one, id)]))
    return shown.every((count) => count === viewers)
  }
  await until(look, `${viewers} viewers at both edges`, within_ms).catch((error: unknown) => {
    throw new Error(`${String(error)}; shown were ${shown.join()}`)
  })
}

/** A player that waits for a part that does not come. */
const waitsAt = ({ url }: Edge, id: string, viewer: string, msn: number): { readonly leave: () => void } => {
  const abort = new AbortController()
  const suffix = viewer === '' ? '' : `&viewer=${viewer}`
  const ask = async (): Promise<void> => {
    while (!abort.signal.aborted) await (await fetch(`${url}/live/${id}/source/playlist.m3u8?_HLS_msn=${msn}&_HLS_part=0${suffix}`, { signal: abort.signal })).text()
  }
  ask().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error
  })
  return { leave: () => abort.abort() }
}

const streamWith = async (duration_s: number) => {
  const stream = await liveStream(edge(0), tracks)
  await stream.write(duration_s)
  return { ...stream, next: stream.writer.newestMsn + 1 }
}

it('viewers who wait for parts are counted at both edges, however many renditions each has, but for whoever says to be none, and are not any more once they have gone', async () => {
  const { id, next } = await streamWith(5)
  await untilBothShow(id, 0)
  const players = [waitsAt(edge(0), id, 'none', next), waitsAt(edge(0), id, 'ann', next), waitsAt(edge(0), id, 'ann', next), waitsAt(edge(0), id, 'ben', next), waitsAt(edge(1), id, 'cleo', next), waitsAt(edge(1), id, '', next)]
  await untilBothShow(id, 4)
  players.slice(0, 4).forEach(({ leave }) => leave())
  await untilBothShow(id, 2)
  players.slice(4).forEach(({ leave }) => leave())
  await untilBothShow(id, 0)
})

it('a viewer who reloads now and then is there for a while after each time from the second on, and not for ever', async () => {
  const { id } = await streamWith(5)
  const reload = async (): Promise<string> => (await fetch(`${edge(0).url}/live/${id}/source/playlist.m3u8`)).text()
  await reload()
  await untilBothShow(id, 1)
  await untilBothShow(id, 0)
  await reload()
  await untilBothShow(id, 1)
  await Effect.runPromise(Effect.sleep(4_000))
  await untilBothShow(id, 1)
  await untilBothShow(id, 0, 15_000)
})

it('one id counts once, over HLS and sockets, and a socket without one by itself', async () => {
  const { id, next } = await streamWith(5)
  const { socketViewer } = await edge(0).runtime.runPromise(Effect.map(Presence, (presence) => presence))
  const player = waitsAt(edge(0), id, 'ann', next)
  const [ann, stranger, other] = [socketViewer(id, 'ann'), socketViewer(id, undefined), socketViewer(id, undefined)]
  await untilBothShow(id, 3)
  player.leave()
  other()
  await untilBothShow(id, 2)
  ann()
  stranger()
  stranger()
  await untilBothShow(id, 0)
})

it('a playlist is the same for every viewer at every edge, and the multivariant one carries the id of its viewer to all that it names', async () => {
  const { id } = await streamWith(5)
  const textsOf = (path: string) => Promise.all(edges.map(async ({ url }) => (await fetch(`${url}/live/${id}/${path}`)).text()))
  const media = (await Promise.all(['', '?viewer=ann', '?viewer=ben'].map((query) => textsOf(`source/playlist.m3u8${query}`)))).flat()
  expect(media[0]).toContain('#EXT-X-PART')
  expect(new Set(media).size).toBe(1)
  const [plain] = await textsOf('index.m3u8')
  expect(plain).not.toContain('viewer')
  for (const carrying of await textsOf('index.m3u8?viewer=x-1_Y')) {
    expect(carrying.match(/playlist\.m3u8\?viewer=x-1_Y(?="|\n)/g)).toHaveLength(plain?.match(/playlist\.m3u8/g)?.length ?? 0)
    expect(carrying.replaceAll('?viewer=x-1_Y', '')).toBe(plain)
  }
})

it('an id of a viewer that is none is refused, and nobody is counted for what is not there', async () => {
  const { id } = await streamWith(5)
  for (const viewer of ['', '%22%0a', 'x'.repeat(65)]) {
    for (const path of ['index.m3u8', 'source/playlist.m3u8']) expect((await fetch(`${edge(0).url}/live/${id}/${path}?viewer=${viewer}`)).status).toBe(400)
  }
  expect((await fetch(`${edge(0).url}/live/nobody-knows-it/index.m3u8?viewer=ann`)).status).toBe(404)
  await untilBothShow(id, 0)
})
