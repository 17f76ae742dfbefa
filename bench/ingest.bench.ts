/**
 * Durable ingest: WebSocket → edge → JetStream → an actor's mailbox (a sink in FFmpeg's place), beside what the bare
 * nats client publishes with the same load in the same run. `BENCH_RUNS` (5) pairs of runs, the medians are printed.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect, type NatsConnection } from 'nats'
import { median } from '../e2e/kit/quantile.ts'
import { measureBare } from './bareIngest.ts'
import { makeLoad } from './load.ts'
import { type PlatformProcess, startPlatform } from './platform.ts'
import { withCpuSeconds } from './processCpu.ts'
import { clientFrame, startRawPublisher } from './rawPublisher.ts'
import { printResult } from './result.ts'
import type { SinkAnswer, SinkOrder } from './sinkActor.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 5)
const load = makeLoad(32, Number(process.env['BENCH_MESSAGES'] ?? 40), 300_000)
const frame = clientFrame(load.message, 'binary')

/** The actors' side, as the benchmark talks to it. */
interface Sink {
  readonly order: (order: SinkOrder) => void
  /** Waits for the next answer; rejects when it is another one or the sink has ended. */
  readonly answers: (wanted: SinkAnswer) => Promise<void>
  readonly pid: number
  readonly stop: () => void
}

const startSink = (): Sink => {
  const child = fork(join(import.meta.dirname, 'sinkActor.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'] })
  const exited = once(child, 'exit').then(() => ['an exit'])
  return {
    order: (order) => void child.send(order),
    answers: async (wanted) => {
      const [answer] = (await Promise.race([once(child, 'message'), exited])) as [string]
      if (answer !== wanted) throw new Error(`the sink answered ${answer} instead of ${wanted}`)
    },
    pid: child.pid ?? 0,
    stop: () => void (child.connected && child.disconnect()),
  }
}

const measureMillrace = async (edge: PlatformProcess, sink: Sink): Promise<number> => {
  const publishers = await Promise.all(Array.from({ length: load.publishers }, () => startRawPublisher(edge.url)))
  sink.order({ ids: publishers.map(({ recordingId }) => recordingId), bytes: load.megabytes * 1_000_000 })
  await sink.answers('ready')
  const taken = sink.answers('taken')
  const begun_ms = performance.now()
  await Promise.all([...publishers.map((publisher) => publisher.sendOneByOne(frame, load.messages)), taken])
  const took_ms = performance.now() - begun_ms
  for (const publisher of publishers) publisher.leave()
  return load.megabytes / (took_ms / 1000)
}

/** Seconds of processor time for each 10^9 bytes, by process. */
const perGigabyte = (runs: ReadonlyArray<Readonly<Record<string, number>>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.keys(runs[0] ?? {}).map((name) => [name, (median(runs.map((run) => run[name] ?? 0)) ?? 0) / (load.megabytes / 1000)]))

/** Makes room for the next run; nothing trims what no actor has read. */
const emptyLogs = async (connection: NatsConnection): Promise<void> => {
  const manager = await connection.jetstreamManager()
  for await (const { config } of manager.streams.list()) if (config.name.startsWith('INGEST_')) await manager.streams.purge(config.name)
}

const compare = async (connection: NatsConnection, edge: PlatformProcess, sink: Sink): Promise<void> => {
  const server: Readonly<Record<string, number>> = process.env['BENCH_NATS_PID'] === undefined ? {} : { server: Number(process.env['BENCH_NATS_PID']) }
  const client: Readonly<Record<string, number>> = { load: process.pid, ...server }
  const pairs = []
  // The first pair warms both up and does not count.
  for (let run = -1; run < runs; run++) {
    const bare = await withCpuSeconds(client, () => measureBare(connection, load))
    const millrace = await withCpuSeconds({ ...client, edge: edge.pid, sink: sink.pid }, () => measureMillrace(edge, sink))
    await emptyLogs(connection)
    if (run >= 0) pairs.push({ bare, millrace, ratio: millrace.result / bare.result })
  }
  printResult('ingest', {
    publishers: load.publishers,
    message_bytes: load.message.length,
    runs,
    bare_MBps: median(pairs.map(({ bare }) => bare.result)),
    millrace_MBps: median(pairs.map(({ millrace }) => millrace.result)),
    ratio: median(pairs.map(({ ratio }) => ratio)),
    ratio_wanted_min: 0.6,
    ratios: pairs.map(({ ratio }) => ratio),
    bare_cpu_s_per_GB: perGigabyte(pairs.map(({ bare }) => bare.cpu_s)),
    millrace_cpu_s_per_GB: perGigabyte(pairs.map(({ millrace }) => millrace.cpu_s)),
  })
}

const server = new URL(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222')
const connection = await connect({ servers: server.host, ...(server.username === '' ? {} : { user: server.username, pass: server.password }) })
const edge = await startPlatform('edge')
const sink = startSink()
try {
  await sink.answers('up')
  await compare(connection, edge, sink)
} finally {
  sink.stop()
  await edge.stop()
  await connection.close()
}
