import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { bulkyTrack, type EncodedTrack, encodeMedia, encodeRung } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'
import { QUEUE_BYTES_MAX } from './limits.ts'
import { rawViewer } from './testing/rawViewer.ts'
import { TestViewer } from './testing/TestViewer.ts'
import { framesIn, newStream } from './testing/watchWorld.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

const SECONDS = 50
const SOURCE_BYTES_PER_S = 1_500_000
/** Biggest fragment: a tenth of a second. */
const FRAGMENT_BYTES_MAX = SOURCE_BYTES_PER_S / 5
const FRAME_MS = 50
const AUDIO_FRAME_MS = 1_024 / 48
/** Enough to fill what the kernel keeps for a socket within some seconds. */
const RUNG_BYTES_PER_S = 1_200_000

// Megabytes go through logs and sockets here, fragment by fragment.
vi.setConfig({ testTimeout: 120_000 })

let edge: Edge
let tracks: ReadonlyArray<EncodedTrack>
const viewers: Array<TestViewer> = []

beforeAll(async () => {
  edge = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') })
  const [source, audio] = encodeMedia(SECONDS)
  tracks = source === undefined || audio === undefined ? [] : [bulkyTrack(source, SOURCE_BYTES_PER_S), bulkyTrack(encodeRung(SECONDS), RUNG_BYTES_PER_S), audio]
})
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.leave()
  await until(() => edge.watching.figures().sockets === 0, 'all have gone')
  expect(edge.watching.figures()).toMatchObject({ streams: 0, behind: 0, kept_bytes: 0, queued_bytes: 0 })
})
afterAll(() => edge.stop())

const slowTotals = () => {
  const { lowered, skipped, stalled } = edge.watching.figures()
  return { lowered, skipped, stalled }
}

type Stream = Awaited<ReturnType<typeof newStream>>

/** A live stream, a viewer who gets all of it, and another. */
const watched = async (path: string) => {
  const stream = await newStream(edge, tracks)
  await stream.begin()
  await stream.write(0.5)
  const healthy = new TestViewer(edge.url, `${stream.id}?rendition=source`)
  const slow = new TestViewer(edge.url, `${stream.id}${path}`)
  viewers.push(healthy, slow)
  for (const viewer of [healthy, slow]) await viewer.until(({ frames }) => frames.length > 2, 'media')
  return { stream, healthy, slow }
}

/** A tenth of a second, until the healthy viewer has it. */
const step = async (stream: Stream, healthy: TestViewer): Promise<void> => {
  const before = healthy.frames.length
  await stream.write(0.1)
  await healthy.until(({ frames }) => frames.length > before, 'the next fragment')
}

const stepUntil = async (stream: Stream, healthy: TestViewer, look: () => boolean, what: string): Promise<void> => {
  for (let steps = 0; !look(); steps++) {
    if (steps > 200) throw new Error(`not within ${steps} steps: ${what}`)
    await step(stream, healthy)
  }
}

/** Where the fragments of a rendition begin and end, wall clock, ms. */
const spansOf = (viewer: TestViewer, name: string, from = 0) =>
  viewer.media(name, from).filter(({ header }) => header.kind === 'fragment').map(({ header, data }) => ({ from_ms: header.programDateTime_ms, to_ms: header.programDateTime_ms + framesIn(data) * (name === 'audio' ? AUDIO_FRAME_MS : FRAME_MS) }))

const expectWhole = (spans: ReturnType<typeof spansOf>): void => {
  expect(spans.length).toBeGreaterThan(0)
  for (const [index, { from_ms }] of spans.slice(1).entries()) expect(from_ms).toBeCloseTo(spans[index]?.to_ms ?? 0, 2)
}

const at = (viewer: TestViewer, type: string): number => viewer.received.findIndex((one) => one._tag === 'Text' && one.message.type === type)

it('lowers a slow viewer without losing it anything, then lets it skip, within its bound, while another gets every fragment', async () => {
  const { stream, healthy, slow } = await watched('')
  const before = slowTotals()
  slow.socket.pause()
  await stepUntil(stream, healthy, () => edge.watching.figures().queued_bytes > 300_000, 'something waits for the slow viewer')
  await until(() => edge.watching.figures().behind === 1, 'it has waited for too long')
  const msn = stream.writer.newestMsn
  await stepUntil(stream, healthy, () => stream.writer.newestMsn > msn, 'the next keyframe')
  slow.socket.resume()
  await slow.until(() => spansOf(slow, '120p').length > 0, 'the lower rendition')
  expect(slow.texts.filter(({ type }) => type === 'rendition' || type === 'skipped')).toEqual([
    { type: 'rendition', name: 'source', mode: 'auto', reason: 'start' },
    { type: 'rendition', name: '120p', mode: 'auto', reason: 'slow' }
  ])
  const [large, small] = [spansOf(slow, 'source'), spansOf(slow, '120p')]
  expectWhole(large)
  expect(small[0]?.from_ms).toBe(1_700_000_000_000 + (msn + 1) * 2_000)
  expect(large.at(-1)?.to_ms).toBeGreaterThanOrEqual(small[0]?.from_ms ?? Infinity)
  expect(slowTotals()).toEqual({ ...before, lowered: before.lowered + 1 })
  await until(() => edge.watching.figures().behind === 0, 'it is in step again')

  slow.socket.pause()
  let queued = 0
  const isBehind = (): boolean => {
    queued = Math.max(queued, edge.watching.figures().queued_bytes)
    return edge.watching.figures().behind === 1
  }
  await stepUntil(stream, healthy, isBehind, 'the slow viewer is behind')
  for (let steps = 0; steps < 45; steps++) await step(stream, healthy)
  isBehind()
  expect(queued).toBeLessThanOrEqual(QUEUE_BYTES_MAX + FRAGMENT_BYTES_MAX)
  slow.socket.resume()
  await slow.until(({ texts }) => texts.some(({ type }) => type === 'skipped'), 'it skips')
  await stream.end()
  expect((await slow.ended()).code).toBe(1000)
  expect((await healthy.ended()).code).toBe(1000)

  const skipped = slow.texts.find((message) => message.type === 'skipped')
  expect(skipped?.to_ms).toBeGreaterThan(skipped?.from_ms ?? Infinity)
  const behind = slow.media('120p', at(slow, 'skipped'))
  expect(behind[0]?.header.kind).toBe('init')
  expect(behind[1]?.header).toMatchObject({ kind: 'fragment', randomAccess: true, programDateTime_ms: skipped?.to_ms })
  expectWhole(spansOf(slow, '120p', at(slow, 'skipped')))
  // It had picture and sound up to there.
  const reached = ['120p', 'audio'].map((name) => spansOf(slow, name).filter(({ from_ms }) => from_ms < (skipped?.from_ms ?? 0)).at(-1)?.to_ms ?? 0)
  expect(Math.min(...reached)).toBeCloseTo(skipped?.from_ms ?? 0, 2)

  expectWhole(spansOf(healthy, 'source'))
  expect(spansOf(healthy, 'source').at(-1)?.to_ms).toBeCloseTo(1_700_000_000_000 + stream.writer.written('source') * FRAME_MS, 2)
  expect(at(healthy, 'skipped')).toBe(-1)
})

it('leaves a viewer the rendition that it chose, and lets it skip', async () => {
  const { stream, healthy, slow } = await watched('?rendition=source')
  const before = slowTotals()
  slow.socket.pause()
  await stepUntil(stream, healthy, () => edge.watching.figures().behind === 1, 'the slow viewer is behind')
  for (let steps = 0; steps < 45; steps++) await step(stream, healthy)
  slow.socket.resume()
  await slow.until(({ texts }) => texts.some(({ type }) => type === 'skipped'), 'it skips')
  await stream.end()
  expect((await slow.ended()).code).toBe(1000)
  expect(slow.texts.filter(({ type }) => type === 'rendition')).toEqual([{ type: 'rendition', name: 'source', mode: 'fixed', reason: 'start' }])
  expect(slowTotals()).toMatchObject({ lowered: before.lowered, skipped: before.skipped + 1 })
})

it('cuts viewers that never read, and bounds what a crowd of them costs', async () => {
  const { stream, healthy } = await watched('?rendition=120p')
  const before = slowTotals()
  const crowd = await Promise.all(Array.from({ length: 20 }, () => rawViewer(edge.port, `${stream.id}?rendition=source`)))
  await until(() => edge.watching.figures().sockets === 22, 'all are there')
  await stepUntil(stream, healthy, () => edge.watching.figures().behind === 20, 'they are behind')
  for (let steps = 0; steps < 20; steps++) await step(stream, healthy)
  expect(edge.watching.figures().queued_bytes).toBeLessThanOrEqual(20 * (QUEUE_BYTES_MAX + FRAGMENT_BYTES_MAX))
  await until(() => slowTotals().stalled === before.stalled + 20, 'all are cut', 20_000)
  await step(stream, healthy)
  expectWhole(spansOf(healthy, 'source'))
  expect(at(healthy, 'skipped')).toBe(-1)
  for (const { socket } of crowd) socket.destroy()
})
