/**
 * Memory over a long stream: edge, actors and archive as processes of their own, one 720p30 camera, one viewer over
 * HTTP. Resident memory of each process (FFmpeg children too) at a sixth of `BENCH_MINUTES` (30) and at the end.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { publishCamera } from '../e2e/kit/publishCamera.ts'
import { readHls } from '../e2e/kit/hlsReader.ts'
import { median } from '../e2e/kit/quantile.ts'
import { type PlatformProcess, startPlatform } from './platform.ts'
import { memoryOfTree } from './processMemory.ts'
import { printResult } from './result.ts'

const minutes = Number(process.env['BENCH_MINUTES'] ?? 30)
/** A garbage collector's saw-tooth is not growth: each figure is the median of so many samples, so far apart. */
const samples = 9
const sampleEvery_ms = 2_000

type Memory = Readonly<Record<string, number>>

const sampleOnce = (processes: ReadonlyArray<PlatformProcess>): ReadonlyArray<readonly [string, number]> =>
  processes.flatMap(({ roles, pid }) => memoryOfTree(pid).map(({ pid: own, name, rss_MB }) => [own === pid ? roles : `${roles}: ${name}`, rss_MB] as const))

const sample = async (processes: ReadonlyArray<PlatformProcess>): Promise<Memory> => {
  const taken = new Map<string, Array<number>>()
  for (let count = 0; count < samples; count++) {
    for (const [name, rss_MB] of sampleOnce(processes)) taken.set(name, [...(taken.get(name) ?? []), rss_MB])
    await delay(sampleEvery_ms)
  }
  return Object.fromEntries([...taken].map(([name, values]) => [name, median(values) ?? 0]))
}

const startAll = async (): Promise<ReadonlyArray<PlatformProcess>> => {
  const processes: Array<PlatformProcess> = []
  for (const roles of ['edge', 'actors', 'archive']) processes.push(await startPlatform(roles))
  return processes
}

const measure = async (edge: PlatformProcess, processes: ReadonlyArray<PlatformProcess>): Promise<void> => {
  const published = await publishCamera(edge.url, { stream: { title: 'Memory' } })
  const viewing = new AbortController()
  const viewer = readHls(`${edge.url}/live/${published.publisher.recordingId}/index.m3u8`, { keeps: false, signal: viewing.signal })
  const broken = Promise.all([published.finished, viewer]).then(() => Promise.reject(new Error('the stream ended early')))
  const early_ms = (minutes * 60_000) / 6
  const window_ms = samples * sampleEvery_ms
  await Promise.race([delay(Math.max(0, early_ms - window_ms)), broken])
  const early = await sample(processes)
  await Promise.race([delay(minutes * 60_000 - early_ms - window_ms), broken])
  const late = await sample(processes)
  broken.catch(() => undefined)
  viewing.abort()
  await published.stop()
  const grown = Object.fromEntries(Object.entries(late).map(([name, rss_MB]) => [name, rss_MB - (early[name] ?? rss_MB)]))
  printResult('memory', { minutes, early_minutes: minutes / 6, early_MB: early, late_MB: late, grown_MB: grown, frames: published.framesTaken() })
}

const processes = await startAll()
try {
  const [edge] = processes
  if (edge !== undefined) await measure(edge, processes)
} finally {
  await Promise.all(processes.map(({ stop }) => stop()))
}
