/**
 * A long stream: one camera at a low bit rate and one viewer for `BENCH_MINUTES` (60). Every minute a line with what the
 * logs, NATS's store on disk, each process and the object store hold; at the end whether they stayed flat after the
 * first sixth, and whether viewer and recording have every frame.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Effect, Layer, Redacted } from 'effect'
import { connect } from 'nats'
import { ObjectStore } from '../actors/storage/ObjectStore.ts'
import { StorageSettings } from '../actors/storage/StorageSettings.ts'
import { readArchive } from '../deploy/demo/archive.ts'
import { watchLive } from '../deploy/demo/liveViewer.ts'
import { connectionOptions } from '../deploy/local/testing/natsOptions.ts'
import { countFrames } from '../e2e/kit/frameCount.ts'
import { publishCamera } from '../e2e/kit/publishCamera.ts'
import { flatness } from './flatness.ts'
import { type PlatformProcess, startPlatform } from './platform.ts'
import { memoryOfTree } from './processMemory.ts'
import { printResult } from './result.ts'

const minutes = Number(process.env['BENCH_MINUTES'] ?? 60)
const settledAfter_minutes = Math.max(1, Math.floor(minutes / 6))
const camera = { width: 160, height: 90, fps: 10, bitrate: 60_000, chunk_ms: 250 } as const
/** Growth that counts as nothing: on disk, and in a process with a garbage collector. */
const slack_MB = { disk: 2, memory: 16 } as const
const onDisk = 'NATS on disk'
const megabyte = 1024 * 1024

/** Megabytes by name. */
type Holding = Readonly<Record<string, number>>

const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0)

/** Bytes of each kind of log, its shards together, and what all of NATS takes on disk where its folder is at hand. */
const lookAtLogs = async (natsUrl: string): Promise<Holding> => {
  const connection = await connect(connectionOptions(natsUrl))
  const held: Record<string, number> = {}
  try {
    for await (const { config, state } of (await connection.jetstreamManager()).streams.list()) {
      const name = `log ${config.name.replace(/_\d+$/, '')}`
      held[name] = (held[name] ?? 0) + state.bytes / megabyte
    }
  } finally {
    await connection.close()
  }
  const folder = join(process.env['MILLRACE_DATA'] ?? '', 'nats')
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? held : { ...held, [onDisk]: bytesBelow(folder) / megabyte }
}

/** Resident memory of the platform's processes with their children, and of the services beside them. */
const lookAtMemory = (processes: ReadonlyArray<PlatformProcess>): Holding => {
  const held: Record<string, number> = {}
  const own = new Set(memoryOfTree(process.pid).map(({ pid }) => pid))
  for (const { roles, pid: root } of processes) {
    for (const { pid, name, rss_MB } of memoryOfTree(root)) {
      own.add(pid)
      held[pid === root ? roles : `${roles}: ${name}`] = rss_MB
    }
  }
  for (const { pid, name, rss_MB } of memoryOfTree(process.ppid)) {
    if (!own.has(pid) && pid !== process.ppid) held[name] = (held[name] ?? 0) + rss_MB
  }
  return held
}

const objectStore = (url: string) => ObjectStore.layer.pipe(Layer.provide(Layer.succeed(StorageSettings, { url: Redacted.make(url), operationTimeout_ms: 60_000 })))

const countObjects = (url: string): Promise<number> =>
  Effect.runPromise(
    Effect.gen(function* () {
      return (yield* (yield* ObjectStore).list('recordings/')).length
    }).pipe(Effect.provide(objectStore(url)))
  )

const serviceUrl = (name: 'NATS_URL' | 'OBJECT_STORE_URL'): string => {
  const url = process.env[name]
  if (url === undefined) throw new Error(`${name} is not set: run this with npm run bench -- longStream`)
  return url
}

const startAll = async (): Promise<ReadonlyArray<PlatformProcess>> => {
  const processes: Array<PlatformProcess> = []
  for (const roles of ['edge', 'actors', 'archive']) processes.push(await startPlatform(roles))
  return processes
}

const slackOf = (name: string): number => (name.startsWith('log ') || name === onDisk ? slack_MB.disk : slack_MB.memory)

const verdict = (rows: ReadonlyArray<Holding>): object =>
  Object.fromEntries(
    [...new Set(rows.flatMap((row) => Object.keys(row)))].map((name) => [name, flatness(rows.map((row) => row[name] ?? 0), settledAfter_minutes - 1, slackOf(name))])
  )

const counted = (frames: ReadonlyArray<number | undefined>, sent: number): object => {
  const { missing: _runs, ...count } = countFrames(frames, [0, sent - 1])
  return count
}

const measure = async (edge: PlatformProcess, processes: ReadonlyArray<PlatformProcess>): Promise<void> => {
  const published = await publishCamera(edge.url, { camera, stream: { title: 'A long stream' } })
  const id = published.publisher.recordingId
  const viewing = new AbortController()
  const viewer = watchLive(`${edge.url}/live/${id}/index.m3u8`, { signal: viewing.signal, keepsFrames: true })
  const broken = Promise.all([published.finished, viewer.finished]).then(() => Promise.reject(new Error('the stream ended early')))
  broken.catch(() => undefined)
  const rows: Array<Holding> = []
  const begun_ms = performance.now()
  for (let minute = 1; minute <= minutes; minute++) {
    await Promise.race([delay(begun_ms + minute * 60_000 - performance.now()), broken])
    const row = { ...(await lookAtLogs(serviceUrl('NATS_URL'))), ...lookAtMemory(processes) }
    rows.push(row)
    printResult('longStream.minute', { minute, objects: await countObjects(serviceUrl('OBJECT_STORE_URL')), age_ms: viewer.age_ms(), held_MB: row })
  }
  await published.stop()
  const live = await viewer.finished
  const sent = published.framesTaken()
  const archived = await readArchive(edge.url, id)
  printResult('longStream', { minutes, sent, live: counted(live.frames, sent), complaints: live.complaints, archive: counted(archived, sent), settledAfter_minutes, perMinute_MB: verdict(rows) })
}

const processes = await startAll()
try {
  const [edge] = processes
  if (edge !== undefined) await measure(edge, processes)
} finally {
  await Promise.all(processes.map(({ stop }) => stop()))
}
