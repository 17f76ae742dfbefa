import { afterAll, beforeAll, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { EventClient } from '../edge/testing/EventClient.ts'
import { readHls } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { publishCamera, type PublishedCamera } from './kit/publishCamera.ts'

const platform = usePlatform()
let edge: PlatformNode
let doomed: PlatformNode
let publishing: PublishedCamera | undefined
let events: EventClient | undefined
const over = new AbortController()
const id = 'viewed'

beforeAll(async () => {
  ;[edge, doomed] = await Promise.all([
    platform.start({ name: 'edge', roles: 'edge' }),
    platform.start({ name: 'doomed', roles: 'edge' }),
    platform.start({ name: 'actors', roles: 'actors' }),
  ])
  publishing = await publishCamera(edge.url, { stream: { recordingId: id } })
  // It breaks off when the publisher leaves.
  publishing.finished.catch(() => undefined)
  events = await EventClient.begin(edge.url, `?streams=${id}`)
})
afterAll(() => {
  over.abort()
  events?.close()
  publishing?.abandon()
})

const watch = (at: PlatformNode, viewer: string): void => void readHls(`${at.url}/live/${id}/index.m3u8?viewer=${viewer}`, { signal: over.signal, keeps: false })

const shownAt = async (at: PlatformNode): Promise<Readonly<Record<string, unknown>>> => (await (await fetch(`${at.url}/api/streams/${id}`)).json()) as Record<string, unknown>

const untilShown = (at: PlatformNode, what: string, isSo: (stream: Readonly<Record<string, unknown>>) => boolean): Promise<true> =>
  until(`${at.name} shows ${what}`, async () => (isSo(await shownAt(at)) ? true : undefined), 20_000)

test('a stream shows how it does, and its viewers at all edges, also once one of them is killed', async () => {
  await untilShown(edge, 'its latency', ({ state, lagMs, latencyMs, publishing: is }) => state === 'live' && is === true && typeof lagMs === 'number' && typeof latencyMs === 'number')
  watch(edge, 'ann')
  watch(doomed, 'ben')
  watch(doomed, 'cleo')
  for (const at of [edge, doomed]) await untilShown(at, 'three viewers', ({ viewers }) => viewers === 3)
  const messages = publishing?.publisher.messages ?? []
  const hears = (type: string, count: number) => messages.some((message) => message.type === type && message['viewerCount'] === count)
  await until('the publisher hears of them', async () => (hears('viewerCount', 3) && messages.some(({ type }) => type === 'viewerJoined') ? true : undefined), 10_000)
  doomed.signal('SIGKILL')
  await untilShown(edge, 'the viewer that is left', ({ viewers }) => viewers === 1)
  await events?.hears('viewerCount', ({ viewerCount }) => viewerCount === 1)
})

test('a stream whose publisher is away is being reconnected, and everyone is told at once', async () => {
  await events?.hears('event', ({ kind }) => kind === 'segment_ready')
  publishing?.abandon()
  await untilShown(edge, 'that it is reconnecting', ({ state, status }) => state === 'reconnecting' && status === 'live')
  await events?.hears('streamUpdated', ({ stream }) => (stream as Record<string, unknown>)['state'] === 'reconnecting')
  await events?.hears('event', ({ kind }) => kind === 'publisher_disconnected')
})
