import { existsSync } from 'node:fs'
import { fromBinary } from '@bufbuild/protobuf'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../actors/archive/testing/until.ts'
import { connectionOptions } from '../deploy/local/testing/natsOptions.ts'
import { freshNatsUrl } from '../deploy/local/testing/services.ts'
import { MediaRecordSchema } from '../proto/gen/millrace/v1/media_pb.js'
import { logSubject } from '../runtime/topology.ts'
import { chromiumPath, launchChromium } from './kit/chromium.ts'
import { decodeFrames } from './kit/decode.ts'
import { capturedRuns } from './kit/hlsReader.ts'
import { type PlatformNode, usePlatform } from './kit/nodes.ts'
import { publishCamera } from './kit/publishCamera.ts'
import { beyond, screenUntil } from './kit/screenUntil.ts'
import { readRecording, type Watched, watchRendition } from './kit/watching.ts'

const mayScreen = process.env['CI'] === 'true' || existsSync(chromiumPath)
const id = 'damaged'
const frames = 225
const fps = 25
const shards = 4
let natsUrl = ''
const platform = usePlatform({ natsUrl: () => Promise.resolve((natsUrl = freshNatsUrl())) })
let nodes: ReadonlyArray<PlatformNode>
let nats: NatsConnection
let publishing: Awaited<ReturnType<typeof publishCamera>>
let stopped: Promise<unknown>
/** The segment that lost records, and how many frames were in them. */
let hurt: { readonly msn: number; readonly frames: number }

const camera = (count: number) => ({ width: 320, height: 180, fps, frames: count, codec: 'h264' }) as const

/** Removes three records from the middle of the segment that is being written, before it ends and is archived. */
const removeRecords = async (stream: string): Promise<typeof hurt> => {
  const jetstream = await nats.jetstreamManager()
  const at = logSubject('media', stream, shards)
  const read = async (query: { seq: number } | { last_by_subj: string }) => {
    const message = await jetstream.streams.getMessage(at.log, query)
    return { seq: message.seq, record: fromBinary(MediaRecordSchema, message.data) }
  }
  const head = await until('a segment is half written', async () => {
    const newest = await read({ last_by_subj: at.subject }).catch(() => undefined)
    const source = newest?.record.checkpoint?.renditions.find(({ name }) => name === 'source')
    return newest !== undefined && source !== undefined && source.msn >= 1 && newest.seq - 5 > Number(source.segmentFirstSeq) && Number(source.segmentFirstSeq) > 0 && source.segmentFrames < 1.4 * fps ? { ...newest, source } : undefined
  }, 30_000)
  let gone = 0
  for (let seq = head.seq - 2; seq > head.seq - 5; seq -= 1) {
    const { record } = await read({ seq })
    if (record.body.case === 'fragments') gone += record.body.value.fragments.filter(({ rendition }) => rendition === 'source').reduce((sum, fragment) => sum + fragment.frames, 0)
    await jetstream.streams.deleteMessage(at.log, seq)
  }
  return { msn: head.source.msn, frames: gone }
}

beforeAll(async () => {
  nats = await connect(connectionOptions(natsUrl))
  nodes = [await platform.start(), await platform.start({ roles: 'edge' })]
  publishing = await publishCamera(nodes[0]?.url ?? '', { camera: camera(frames), stream: { recordingId: id } })
  hurt = await removeRecords(id)
  stopped = publishing.finished.then(() => publishing.publisher.stop())
})
afterAll(() => nats.close())

const metricsOf = async (node: PlatformNode | undefined): Promise<string> => (await fetch(`${node?.url}/metrics`)).text()

const framesIn = async (runs: ReadonlyArray<ReadonlyArray<Uint8Array>>): Promise<ReadonlyArray<number | undefined>> => {
  const decoded = await Promise.all(runs.map((run) => decodeFrames(run)))
  return decoded.flatMap((one) => one.frames.map(({ label }) => label?.frame))
}

/** Everything around the loss is there, once and in order. */
const expectAround = (seen: ReadonlyArray<number | undefined>, lostMax: number): void => {
  const numbers = seen.filter((frame) => frame !== undefined)
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  expect(numbers.at(-1)).toBe(frames - 1)
  expect(frames - numbers.length).toBeGreaterThanOrEqual(hurt.frames)
  expect(frames - numbers.length).toBeLessThanOrEqual(lostMax)
}

test.concurrent('viewers of every edge are told of records that are gone from the log, and go on behind them', async () => {
  const watched: ReadonlyArray<Watched> = await Promise.all(nodes.map(({ url }) => watchRendition(url, id, 'source')))
  expect(hurt.frames).toBeGreaterThan(0)
  for (const one of watched) {
    expect([...one.broken]).toEqual([])
    expect(one).toMatchObject({ ended: true, complaints: [] })
    // Where not even its first part was whole, nothing of the segment is listed.
    expect(one.gaps.filter(({ msn, duration_s }) => msn !== hurt.msn || duration_s > 0)).toEqual([])
    const losses = [...one.losses.values()]
    expect(losses.map((loss) => loss.id)).toEqual([`loss-${hurt.msn + 1}`])
    expect(losses[0]?.duration_s).toBeGreaterThanOrEqual(hurt.frames / fps)
    expect(losses[0]?.duration_s).toBeLessThanOrEqual(2)
    expectAround(await framesIn(capturedRuns(one)), 2 * fps)
  }
  for (const node of nodes) expect(await metricsOf(node)).toMatch(/millrace_edge_refusals_total\{kind="record_damaged"\} [1-9]/)
  const [first, second] = watched
  expect(second?.media.map(({ url, bytes }) => [new URL(url).pathname, bytes])).toEqual(first?.media.map(({ url, bytes }) => [new URL(url).pathname, bytes]))
})

test.runIf(mayScreen)('hls.js and the Watch page in Chromium go on behind records that are gone, by themselves', { concurrent: true }, async () => {
  const watched = 'watched'
  const edge = nodes[1]?.url ?? ''
  const playlist = `${edge}/live/${watched}/index.m3u8`
  const filming = await publishCamera(nodes[0]?.url ?? '', { camera: camera(800), stream: { recordingId: watched } })
  await until('the stream is live', async () => ((await fetch(playlist)).ok ? true : undefined), 30_000)
  const browser = await launchChromium()
  try {
    const viewers = [{ playlist }, `${edge}/watch/${watched}`].map((page) => screenUntil(browser, page, 60_000))
    await Promise.all(viewers.map(({ begun }) => begun))
    const gone = await removeRecords(watched)
    const behind = (gone.msn + 2) * 2 * fps
    const summaries = await Promise.all(viewers.map((viewer) => viewer.until(beyond(behind))))
    for (const seen of summaries) {
      expect(Object.keys(seen.notes).filter((note) => note.startsWith('fatal') || note === 'error')).toEqual([])
      expect(seen, JSON.stringify(seen)).toMatchObject({ unreadable: 0, backwards: 0 })
      expect(seen.lastFrame, JSON.stringify(seen)).toBeGreaterThan(behind)
    }
  } finally {
    await browser.close()
    await filming.stop()
  }
})

test.concurrent('the recording is complete without the segment, says so, and so does the state of the stream', async () => {
  await stopped
  const recording = await readRecording(nodes[0]?.url ?? '', id)
  const source = recording.get('source')
  if (source === undefined) throw new Error('no rendition source')
  expect(source.gaps).toEqual([{ msn: hurt.msn, part: undefined, duration_s: 2 }])
  expect(source.complaints).toEqual([])
  expectAround(await framesIn(capturedRuns(source)), 2 * fps)
  const state = await (await fetch(`${nodes[0]?.url}/api/streams/${id}`)).json()
  expect(state).toMatchObject({ status: 'archived', lostSegments: expect.arrayContaining([expect.objectContaining({ rendition: 'source', number: hurt.msn, reason: expect.stringContaining('frames') })]) })
  const metrics = await metricsOf(nodes[0])
  expect(metrics).toMatch(/millrace_archive_segments_total\{outcome="lost"\} [1-9]/)
  expect(metrics).toContain('millrace_archive_breaker_open{dependency="store"} 0')
  // Another stream of this file may still be on its way there.
  await until('nothing waits for the archive', async () => ((await metricsOf(nodes[0])).includes('millrace_archive_segments_waiting 0') ? true : undefined), 30_000)
})
