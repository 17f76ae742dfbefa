/**
 * How soon a viewer count is right at every edge: ten viewers come, half of them by sockets to one edge and half by HLS to
 * another; those with sockets leave, then the others; ten more come, and the edge that holds half of them is killed. From
 * the act to the moment from which both edges show the number, or the one that is left. `BENCH_RUNS` (5) of each; the longest counts.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../actors/archive/testing/until.ts'
import { readHls } from '../e2e/kit/hlsReader.ts'
import { publishCamera } from '../e2e/kit/publishCamera.ts'
import type { PlatformNode } from '../e2e/kit/platformNode.ts'
import { startBenchNode } from './platform.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 5)
const wanted_max_ms = 2_000
const half = 5
const id = 'viewed'
const look_ms = 10
const patience_ms = 30_000

const shownAt = async ({ url }: PlatformNode): Promise<unknown> => ((await (await fetch(`${url}/api/streams/${id}`)).json()) as { readonly viewers?: unknown }).viewers

/** From `since_ms` to when all these edges show so many viewers, ms. */
const untilShown = async (edges: ReadonlyArray<PlatformNode>, viewers: number, since_ms: number): Promise<number> => {
  while (performance.now() - since_ms < patience_ms) {
    const shown = await Promise.all(edges.map(shownAt))
    if (shown.every((count) => count === viewers)) return performance.now() - since_ms
    await delay(look_ms)
  }
  throw new Error(`${edges.map(({ name }) => name).join(' and ')} did not show ${viewers} viewers`)
}

const bySocket = ({ url }: PlatformNode): WebSocket => new WebSocket(`${url.replace('http', 'ws')}/ws/watch/${id}`)

let names = 0
const byHls = ({ url }: PlatformNode, signal: AbortSignal): void => {
  readHls(`${url}/live/${id}/index.m3u8?viewer=reader-${names++}`, { signal, keeps: false }).catch(() => undefined)
}

const times = <A>(count: number, make: () => A): ReadonlyArray<A> => Array.from({ length: count }, make)

const took = { come: [] as Array<number>, leave: [] as Array<number>, leaveHls: [] as Array<number>, killed: [] as Array<number> }

const edge = await startBenchNode('edge', 'edge,archive')
const actors = await startBenchNode('actors', 'actors')
const { abandon, finished } = await publishCamera(edge.url, { stream: { recordingId: id } })
finished.catch(() => undefined)
/** Whoever comes finds media, so that players need not ask again for what is not there yet. */
await until('the stream has media', async () => ((await fetch(`${edge.url}/live/${id}/source/playlist.m3u8?viewer=none`)).ok ? true : undefined))
try {
  for (let run = 0; run < runs; run++) {
    const other = await startBenchNode(`other-${run}`, 'edge')
    const [first, second] = [new AbortController(), new AbortController()]
    await untilShown([edge, other], 0, performance.now())
    const comes_ms = performance.now()
    const sockets = times(half, () => bySocket(edge))
    times(half, () => byHls(other, first.signal))
    took.come.push(await untilShown([edge, other], 2 * half, comes_ms))
    const leaves_ms = performance.now()
    for (const socket of sockets) socket.close()
    took.leave.push(await untilShown([edge, other], half, leaves_ms))
    const hlsLeaves_ms = performance.now()
    first.abort()
    took.leaveHls.push(await untilShown([edge, other], 0, hlsLeaves_ms))
    times(half, () => byHls(edge, second.signal))
    times(half, () => bySocket(other))
    await untilShown([edge, other], 2 * half, performance.now())
    const killed_ms = performance.now()
    other.signal('SIGKILL')
    took.killed.push(await untilShown([edge], half, killed_ms))
    second.abort()
    await other.exited
  }
  printResult('viewers', { runs, come_ms: Math.max(...took.come), leave_ms: Math.max(...took.leave), leaveHls_ms: Math.max(...took.leaveHls), killed_ms: Math.max(...took.killed), wanted_max_ms, each_ms: took })
} finally {
  abandon()
  await Promise.all([actors.stop(), edge.stop()])
}
