/**
 * Durable ingest: WebSocket → edge → JetStream → an actor's mailbox (a sink in FFmpeg's place), beside what the bare
 * nats client publishes with the same load in the same run. `BENCH_RUNS` (5) pairs of runs, the medians are printed.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect, type NatsConnection } from 'nats'
import { median } from '../e2e/kit/quantile.ts'
import { type Publisher, startPublishing } from '../e2e/kit/publisher.ts'
import { measureBare } from './bareIngest.ts'
import { type Load, makeLoad } from './load.ts'
import { type PlatformProcess, startPlatform } from './platform.ts'
import { printResult } from './result.ts'
import type { SinkAnswer, SinkOrder } from './sinkActor.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 5)
const load = makeLoad(32, 40, 300_000)

/** The actors' side, as the benchmark talks to it. */
interface Sink {
  readonly order: (order: SinkOrder) => void
  /** Waits for the next answer; rejects when it is another one or the sink has ended. */
  readonly answers: (wanted: SinkAnswer) => Promise<void>
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
    stop: () => void (child.connected && child.disconnect()),
  }
}

/** Sends a publisher's share, each message after the acknowledgement of the one before. */
const sendOneByOne = async (publisher: Publisher): Promise<void> => {
  for (let message = 0; message < load.messages; message++) {
    publisher.send(load.message)
    await publisher.drained()
  }
}

const measureMillrace = async (edge: PlatformProcess, sink: Sink): Promise<number> => {
  const publishers = await Promise.all(Array.from({ length: load.publishers }, () => startPublishing(edge.url, { mimeType: 'video/webm' })))
  sink.order({ ids: publishers.map(({ recordingId }) => recordingId), bytes: load.megabytes * 1_000_000 })
  await sink.answers('ready')
  const taken = sink.answers('taken')
  const begun_ms = performance.now()
  await Promise.all([...publishers.map(sendOneByOne), taken])
  const took_ms = performance.now() - begun_ms
  for (const publisher of publishers) publisher.leave()
  return load.megabytes / (took_ms / 1000)
}

/** Makes room for the next run; nothing trims what no actor has read. */
const emptyLogs = async (connection: NatsConnection): Promise<void> => {
  const manager = await connection.jetstreamManager()
  for await (const { config } of manager.streams.list()) if (config.name.startsWith('INGEST_')) await manager.streams.purge(config.name)
}

const compare = async (connection: NatsConnection, edge: PlatformProcess, sink: Sink, work: Load): Promise<void> => {
  const [bare, millrace]: [Array<number>, Array<number>] = [[], []]
  // The first pair warms both up and does not count.
  for (let run = -1; run < runs; run++) {
    const pair = [await measureBare(connection, work), await measureMillrace(edge, sink)] as const
    await emptyLogs(connection)
    if (run < 0) continue
    bare.push(pair[0])
    millrace.push(pair[1])
  }
  const ratios = millrace.map((rate, run) => rate / (bare[run] ?? Number.NaN))
  printResult('ingest', {
    publishers: work.publishers,
    message_bytes: work.message.length,
    runs,
    bare_MBps: median(bare),
    millrace_MBps: median(millrace),
    ratio: median(ratios),
    ratio_wanted_min: 0.6,
    ratios,
  })
}

const server = new URL(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222')
const connection = await connect({ servers: server.host, ...(server.username === '' ? {} : { user: server.username, pass: server.password }) })
const edge = await startPlatform('edge')
const sink = startSink()
try {
  await compare(connection, edge, sink, load)
} finally {
  sink.stop()
  await edge.stop()
  await connection.close()
}
