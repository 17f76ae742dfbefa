/**
 * Latency inside the platform: from a chunk's sending by the publisher (which is before its arrival at the edge's socket)
 * to FFmpeg's stdin, and from a frame's reading off FFmpeg's socket to its fragment in an edge, ready to send. A 720p30
 * H.264 camera in chunks of 100 ms, copied; edge and actors are a process each. `BENCH_RUNS` (3) runs of
 * `BENCH_SECONDS` (20) for each of `BENCH_STREAMS` (1,8) streams at once; the medians of the runs' quantiles are printed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../deploy/local/ports.ts'
import { startPublishing } from '../e2e/kit/publisher.ts'
import { median, quantile } from '../e2e/kit/quantile.ts'
import type { HopsOrder, HopsSeen } from './hopsNode.ts'
import { chunkTimes, unitTimes } from './hopTimes.ts'
import { type Recorded, recordCamera, replay } from './recordedCamera.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 3)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 20)
const chunk_ms = Number(process.env['BENCH_CHUNK_MS'] ?? 100)
const streamCounts = (process.env['BENCH_STREAMS'] ?? '1,8').split(',').map(Number)
/** Left out at the beginning of each stream: the actor claims it and FFmpeg looks at the source. */
const warmup_ms = 4_000
const readyWithin_ms = 60_000
const viewerLooks_ms = 1_000

/** Times of a hop over all streams of a run, ms. */
interface HopTimes {
  readonly chunkToStdin: Array<number>
  readonly frameToEdge: Array<number>
  readonly soundToEdge: Array<number>
  /** Frames in each record that had some: what waiting for a pause in FFmpeg's output puts together. */
  readonly framesInRecord: Array<number>
}

const startNode = (role: 'edge' | 'actors', port: number): ChildProcess =>
  fork(join(import.meta.dirname, 'hopsNode.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, MILLRACE_ROLES: role, MILLRACE_NODE: `bench-${role}`, HOST: '127.0.0.1', PORT: String(port) },
  })

const ask = async (node: ChildProcess, id: string): Promise<HopsSeen> => {
  const order: HopsOrder = { id }
  const answered = Promise.race([once(node, 'message'), once(node, 'exit').then(() => [undefined])])
  node.send(order)
  const [seen] = (await answered) as [HopsSeen | undefined]
  if (seen === undefined) throw new Error('a process of the platform has ended')
  return seen
}

const stop = async (node: ChildProcess): Promise<void> => {
  if (node.exitCode !== null || !node.connected) return
  const exited = once(node, 'exit')
  node.disconnect()
  await exited
}

const untilReady = async (url: string): Promise<void> => {
  const deadline_ms = performance.now() + readyWithin_ms
  for (;;) {
    const ready = await fetch(`${url}/ready`).then(({ ok }) => ok, () => false)
    if (ready) return
    if (performance.now() > deadline_ms) throw new Error(`the edge was not ready within ${readyWithin_ms} ms`)
    await delay(100)
  }
}

/** Keeps the edge following a stream, as any viewer does. */
const view = async (url: string, id: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const response = await fetch(`${url}/live/${id}/index.m3u8`)
    await response.arrayBuffer()
    await delay(viewerLooks_ms)
  }
}

const measure = async (url: string, nodes: { readonly edge: ChildProcess; readonly actors: ChildProcess }, recorded: Recorded, streams: number): Promise<HopTimes> => {
  const viewing = new AbortController()
  const publishers = await Promise.all(Array.from({ length: streams }, () => startPublishing(url, { mimeType: recorded.mimeType })))
  const views = publishers.map(({ recordingId }) => view(url, recordingId, viewing.signal))
  const sent = await Promise.all(publishers.map((publisher, index) => replay(recorded, publisher, (index * chunk_ms) / streams)))
  await Promise.all(publishers.map((publisher) => publisher.stop()))
  viewing.abort()
  await Promise.all(views)
  const times: HopTimes = { chunkToStdin: [], frameToEdge: [], soundToEdge: [], framesInRecord: [] }
  for (const [index, { recordingId }] of publishers.entries()) {
    const chunks = sent[index] ?? []
    const from_ms = (chunks[0]?.at_ms ?? 0) + warmup_ms
    const [inActors, inEdge] = [await ask(nodes.actors, recordingId), await ask(nodes.edge, recordingId)]
    const of = (seen: HopsSeen, name: string) => seen[name] ?? []
    if (of(inActors, 'stdin').at(-1)?.count !== chunks.at(-1)?.count) throw new Error('FFmpeg was not given what the publisher sent, byte for byte')
    times.chunkToStdin.push(...chunkTimes(chunks, of(inActors, 'stdin'), from_ms))
    times.frameToEdge.push(...unitTimes(of(inActors, 'source'), of(inEdge, 'source'), from_ms))
    times.framesInRecord.push(...of(inEdge, 'source').map(({ count }, record, all) => count - (all[record - 1]?.count ?? 0)))
    times.soundToEdge.push(...unitTimes(of(inActors, 'audio'), of(inEdge, 'audio'), from_ms))
  }
  return times
}

const medianOf = (all: ReadonlyArray<HopTimes>, hop: keyof HopTimes, q: number): number | undefined => median(all.flatMap((times) => quantile(times[hop], q) ?? []))

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const port = await freePort()
const url = `http://127.0.0.1:${port}`
const nodes = { edge: startNode('edge', port), actors: startNode('actors', await freePort()) }
try {
  const recorded = await recordCamera(seconds, chunk_ms)
  await untilReady(url)
  for (const streams of streamCounts) {
    const all: Array<HopTimes> = []
    for (let run = 0; run < runs; run++) all.push(await measure(url, nodes, recorded, streams))
    printResult('hops', {
      streams,
      runs,
      chunk_ms,
      chunkToStdin_p50_ms: medianOf(all, 'chunkToStdin', 0.5),
      chunkToStdin_p99_ms: medianOf(all, 'chunkToStdin', 0.99),
      frameToEdge_p50_ms: medianOf(all, 'frameToEdge', 0.5),
      frameToEdge_p99_ms: medianOf(all, 'frameToEdge', 0.99),
      soundToEdge_p50_ms: medianOf(all, 'soundToEdge', 0.5),
      soundToEdge_p99_ms: medianOf(all, 'soundToEdge', 0.99),
      framesInRecord_mean: mean(all.flatMap(({ framesInRecord }) => framesInRecord)),
      p50_wanted_max_ms: 8,
      p99_wanted_max_ms: 50,
      chunks: all.reduce((sum, { chunkToStdin }) => sum + chunkToStdin.length, 0),
      frames: all.reduce((sum, { frameToEdge }) => sum + frameToEdge.length, 0),
    })
  }
} finally {
  await Promise.all([stop(nodes.edge), stop(nodes.actors)])
}
