/**
 * Fan-out: the watch path of an edge, from the record of the log to all viewers, beside bare uWebSockets.js publish of as
 * many messages of the same size in the same run; what viewers that never read cost those who do; what a viewer costs who
 * gets nothing. Edge and viewers are processes of their own, each on a core of its own where `taskset` is.
 * `BENCH_RUNS` (25) pairs of runs, `BENCH_MESSAGES` (1600) of the big ones each and twice as many small ones; `BENCH_VIEWERS` (2000) that get nothing.
 * Two runs of the same path differ by up to a fifth, so it takes that many pairs for a median that two benches agree on.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../e2e/kit/quantile.ts'
import type { EdgeAnswer, EdgeOrder } from './fanOutEdge.ts'
import type { ReadersAnswer, ReadersOrder } from './fanOutReaders.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 25)
const messages = Number(process.env['BENCH_MESSAGES'] ?? 1_600)
const idleViewers = Number(process.env['BENCH_VIEWERS'] ?? 2_000)
const small = { viewers: 500, bytes: 1_024, messages: messages * 2, ratioMin: 0.8 }
const big = { viewers: 100, bytes: 65_536, messages, ratioMin: 0.9 }
const stalled = { viewers: 100, costMax_percent: 5 }
const idleBytesMax = 10 * 1024
/** The time that a process needs to come to rest. */
const rest_ms = 500
/** What takes longer has broken: a message that never comes would be waited for without end. */
const answerWithin_ms = 120_000

type Load = typeof small

/** A child that does one thing at a time. */
class Worker<Order extends object, Answer> {
  readonly child: ChildProcess
  readonly #ended: Promise<never>

  constructor(file: string) {
    this.child = fork(join(import.meta.dirname, file), { execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'] })
    this.#ended = once(this.child, 'exit').then(() => Promise.reject(new Error(`${file} has ended`)))
    this.#ended.catch(() => undefined)
  }

  async next(): Promise<Answer> {
    const deadline = AbortSignal.timeout(answerWithin_ms)
    const [answer] = (await Promise.race([once(this.child, 'message', { signal: deadline }), this.#ended])) as [Answer]
    return answer
  }

  ask(order: Order): Promise<Answer> {
    const answered = this.next()
    this.child.send(order)
    return answered
  }

  /** Its main thread keeps to one core from now on, where the system can do that: by itself it wanders, and figures with it. */
  pin(core: number): void {
    spawnSync('taskset', ['--pid', '--cpu-list', String(core), String(this.child.pid)])
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect()
  }
}

const edge = new Worker<EdgeOrder, EdgeAnswer>('fanOutEdge.ts')
const readers = new Worker<ReadersOrder, ReadersAnswer>('fanOutReaders.ts')

const answered = async <T extends EdgeAnswer['_tag']>(answer: Promise<EdgeAnswer>, tag: T): Promise<Extract<EdgeAnswer, { readonly _tag: T }>> => {
  const got = await answer
  if (got._tag !== tag) throw new Error(`the edge answered ${got._tag} instead of ${tag}`)
  return got as Extract<EdgeAnswer, { readonly _tag: T }>
}

const publish = (id: string, path: 'bare' | 'watch', count: number) => answered(edge.ask({ _tag: 'Publish', id, path, messages: count }), 'Published')
const figures = () => answered(edge.ask({ _tag: 'Figures' }), 'Figures')
let streams = 0

const openStream = async ({ bytes }: Load, fragments: number): Promise<{ readonly id: string; readonly message_bytes: number }> => {
  const id = `stream${streams++}`
  const { message_bytes } = await answered(edge.ask({ _tag: 'Open', id, bytes, fragments: fragments + 10 }), 'Opened')
  return { id, message_bytes }
}

/** Fragments that viewers get before it counts: the first of them comes to each alone. */
const warmUp = ({ messages: count }: Load): number => Math.ceil(count / 4)

interface Measured {
  readonly messagesPerS: number
  readonly MBps: number
  readonly cpu_s_per_GB: number
}

const measure = async (port: number, path: 'bare' | 'watch', load: Load): Promise<Measured> => {
  const { id, message_bytes } = await openStream(load, load.messages + warmUp(load))
  await readers.ask({ _tag: 'Connect', port, path: path === 'bare' ? '/bare' : `/ws/watch/${id}`, sockets: load.viewers, reads: true })
  await delay(rest_ms)
  await publish(id, path, warmUp(load))
  const { took_ms, cpu_s } = await publish(id, path, load.messages)
  await readers.ask({ _tag: 'Leave' })
  const sent_MB = (load.viewers * load.messages * message_bytes) / 1e6
  return { messagesPerS: (load.viewers * load.messages) / (took_ms / 1000), MBps: sent_MB / (took_ms / 1000), cpu_s_per_GB: cpu_s / (sent_MB / 1000) }
}

const compare = async (port: number, load: Load) => {
  const pairs: Array<{ readonly bare: Measured; readonly watch: Measured; readonly ratio: number }> = []
  // The first pair warms both up and does not count; who goes first changes, so that what a run leaves behind burdens both alike.
  for (let run = -1; run < runs; run++) {
    const first = run % 2 === 0 ? 'bare' : 'watch'
    const one = await measure(port, first, load)
    const other = await measure(port, first === 'bare' ? 'watch' : 'bare', load)
    const [bare, watch] = first === 'bare' ? [one, other] : [other, one]
    if (run >= 0) pairs.push({ bare, watch, ratio: watch.MBps / bare.MBps })
  }
  const middle = (path: 'bare' | 'watch', figure: keyof Measured): number | undefined => median(pairs.map((pair) => pair[path][figure]))
  return {
    viewers: load.viewers,
    message_bytes: load.bytes,
    bare_MBps: middle('bare', 'MBps'),
    watch_MBps: middle('watch', 'MBps'),
    watch_messages_per_s: middle('watch', 'messagesPerS'),
    ratio: median(pairs.map(({ ratio }) => ratio)),
    ratio_wanted_min: load.ratioMin,
    ratios: pairs.map(({ ratio }) => ratio),
    bare_cpu_s_per_GB: middle('bare', 'cpu_s_per_GB'),
    watch_cpu_s_per_GB: middle('watch', 'cpu_s_per_GB'),
  }
}

/** How long the same viewers take, alone or beside as many that never read and have been found out; after as many messages either way. */
const measureReaders = async (port: number, load: Load, stalledBeside: number): Promise<number> => {
  const { id } = await openStream(load, 3 * load.messages)
  const path = `/ws/watch/${id}?rendition=source`
  await readers.ask({ _tag: 'Connect', port, path, sockets: load.viewers, reads: true })
  await delay(rest_ms)
  await publish(id, 'watch', 2 * load.messages - warmUp(load))
  // Not sooner: an edge cuts those who have read nothing for ten seconds, and then they cost nothing.
  await readers.ask({ _tag: 'Connect', port, path, sockets: stalledBeside, reads: false })
  await delay(rest_ms)
  await publish(id, 'watch', warmUp(load))
  const { behind } = await figures()
  if (behind !== stalledBeside) throw new Error(`${behind} viewers are known to read nothing, and not ${stalledBeside}`)
  await delay(rest_ms)
  const { took_ms } = await publish(id, 'watch', load.messages)
  await readers.ask({ _tag: 'Leave' })
  return took_ms
}

const compareStalled = async (port: number, load: Load) => {
  const costs: Array<number> = []
  for (let run = 0; run < runs; run++) {
    const aloneFirst = run % 2 === 0
    const first = await measureReaders(port, load, aloneFirst ? 0 : stalled.viewers)
    const second = await measureReaders(port, load, aloneFirst ? stalled.viewers : 0)
    const [alone, beside] = aloneFirst ? [first, second] : [second, first]
    costs.push((beside / alone - 1) * 100)
  }
  return { viewers: load.viewers, stalled: stalled.viewers, cost_percent: median(costs), cost_wanted_max_percent: stalled.costMax_percent, costs_percent: costs }
}

/** Resident memory of the edge for each viewer more; the first thousand have it grow what all share. */
const measureIdle = async (port: number) => {
  const { id } = await openStream(small, 0)
  const connect = (sockets: number) => readers.ask({ _tag: 'Connect', port, path: `/ws/watch/${id}`, sockets, reads: true })
  await connect(1_000)
  await delay(rest_ms)
  const before = await figures()
  await connect(idleViewers)
  await delay(rest_ms)
  const after = await figures()
  await readers.ask({ _tag: 'Leave' })
  const viewers = after.sockets - before.sockets
  return { viewers, bytes_each: (after.rss_bytes - before.rss_bytes) / viewers, bytes_wanted_max: idleBytesMax }
}

try {
  const { port, ackPort } = await answered(edge.next(), 'Up')
  await readers.ask({ _tag: 'AckTo', port: ackPort })
  edge.pin(0)
  readers.pin(1)
  const idle = await measureIdle(port)
  printResult('fanOut', { runs, big: await compare(port, big), small: await compare(port, small), stalled: await compareStalled(port, big), idle })
} finally {
  edge.stop()
  readers.stop()
}
