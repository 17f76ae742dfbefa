/**
 * Fan-out: the watch path of an edge, from the record of the log to all viewers, beside bare uWebSockets.js publish of as
 * many messages of the same size in the same run; what viewers that never read cost those who do; what a viewer costs who
 * gets nothing. Edge and viewers are processes of their own, each on a core of its own where `taskset` is.
 * `BENCH_RUNS` (12) runs, `BENCH_MESSAGES` (1600) of the big ones each and twice as many small ones; `BENCH_VIEWERS` (2000) that get nothing.
 * Two runs of the same path differ by up to a fifth, with what else the machine does. So both paths take turns in each run,
 * some hundred messages each: long enough that what one leaves to collect is mostly collected in its own turn.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../e2e/kit/quantile.ts'
import type { EdgeAnswer, EdgeOrder } from './fanOutEdge.ts'
import type { ReadersAnswer, ReadersOrder } from './fanOutReaders.ts'
import { printResult } from './result.ts'

const runs = Number(process.env['BENCH_RUNS'] ?? 12)
const messages = Number(process.env['BENCH_MESSAGES'] ?? 1_600)
const idleViewers = Number(process.env['BENCH_VIEWERS'] ?? 2_000)
const small = { viewers: 500, bytes: 1_024, messages: messages * 2, ratioMin: 0.8 }
const big = { viewers: 100, bytes: 65_536, messages, ratioMin: 0.9 }
const stalled = { viewers: 100, costMax_percent: 5 }
const idleBytesMax = 10 * 1024
/** Turns of each path in a run. */
const turns = 4
/** The time that a process needs to come to rest. */
const rest_ms = 500
/** What takes longer has broken: a message that never comes would be waited for without end. */
const answerWithin_ms = 120_000

type Load = typeof small
type Path = 'bare' | 'watch'

/** A child that does one thing at a time. */
class Worker<Order extends object, Answer> {
  readonly child: ChildProcess
  readonly #file: string
  readonly #ended: Promise<never>

  constructor(file: string) {
    this.#file = file
    this.child = fork(join(import.meta.dirname, file), { execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'] })
    this.#ended = once(this.child, 'exit').then(() => Promise.reject(new Error(`${file} has ended`)))
    this.#ended.catch(() => undefined)
  }

  async next(order?: Order): Promise<Answer> {
    const deadline = AbortSignal.timeout(answerWithin_ms)
    const late = (cause: unknown): never => {
      throw new Error(`${this.#file} has not answered within ${answerWithin_ms} ms: ${JSON.stringify(order ?? 'start')}`, { cause })
    }
    const [answer] = (await Promise.race([once(this.child, 'message', { signal: deadline }).catch(late), this.#ended])) as [Answer]
    return answer
  }

  ask(order: Order): Promise<Answer> {
    const answered = this.next(order)
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

const publish = (id: string, path: Path, count: number) => answered(edge.ask({ _tag: 'Publish', id, path, messages: count }), 'Published')
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

const publishTurn = async (id: string, path: Path, { viewers, messages: ofRun }: Load, message_bytes: number): Promise<Measured> => {
  const count = Math.round(ofRun / turns)
  const { took_ms, cpu_s } = await publish(id, path, count)
  const sent_MB = (viewers * count * message_bytes) / 1e6
  return { messagesPerS: (viewers * count) / (took_ms / 1000), MBps: sent_MB / (took_ms / 1000), cpu_s_per_GB: cpu_s / (sent_MB / 1000) }
}

/** Both paths in turn, beside each other; who goes first changes. */
const measure = async (port: number, load: Load, first: Path): Promise<ReadonlyArray<Readonly<Record<Path, Measured>>>> => {
  const { id, message_bytes } = await openStream(load, load.messages + warmUp(load))
  await readers.ask({ _tag: 'Connect', port, path: '/bare', sockets: load.viewers, reads: true })
  await readers.ask({ _tag: 'Connect', port, path: `/ws/watch/${id}`, sockets: load.viewers, reads: true })
  await delay(rest_ms)
  for (const path of ['bare', 'watch'] as const) await publish(id, path, warmUp(load))
  const pairs: Array<Readonly<Record<Path, Measured>>> = []
  for (let pair = 0; pair < turns; pair++) {
    const bareFirst = (first === 'bare') === (pair % 2 === 0)
    const one = await publishTurn(id, bareFirst ? 'bare' : 'watch', load, message_bytes)
    const other = await publishTurn(id, bareFirst ? 'watch' : 'bare', load, message_bytes)
    pairs.push(bareFirst ? { bare: one, watch: other } : { bare: other, watch: one })
  }
  await readers.ask({ _tag: 'Leave' })
  return pairs
}

const compare = async (port: number, load: Load) => {
  // The first run warms both up and does not count.
  await measure(port, load, 'watch')
  const pairs: Array<Readonly<Record<Path, Measured>>> = []
  for (let run = 0; run < runs; run++) pairs.push(...(await measure(port, load, run % 2 === 0 ? 'bare' : 'watch')))
  const middle = (path: Path, figure: keyof Measured): number | undefined => median(pairs.map((pair) => pair[path][figure]))
  const ratios = pairs.map(({ bare, watch }) => watch.MBps / bare.MBps)
  return {
    viewers: load.viewers,
    message_bytes: load.bytes,
    bare_MBps: middle('bare', 'MBps'),
    watch_MBps: middle('watch', 'MBps'),
    watch_messages_per_s: middle('watch', 'messagesPerS'),
    ratio: median(ratios),
    ratio_wanted_min: load.ratioMin,
    ratios,
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
