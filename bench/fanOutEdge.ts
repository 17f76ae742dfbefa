/**
 * The serving side of the fan-out benchmark, a process of its own: the watch path of an edge, fed with the records of
 * streams, and beside it a socket that only publishes with uWebSockets.js. The readers say over a TCP connection, with a
 * byte, when all of them have a message; so many may be on their way.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { App, us_socket_local_port } from 'uWebSockets.js'
import { markSeldom } from '../deploy/server/heap.ts'
import { makeCounters } from '../edge/http/Counters.ts'
import { FollowedStream } from '../edge/playback/FollowedStream.ts'
import { Audience } from '../edge/watch/Audience.ts'
import { QUEUE_BYTES_MAX, SWEEP_MS } from '../edge/watch/limits.ts'
import { HEADER_BYTES, KIND } from '../edge/watch/watchFrame.ts'
import { watchSocket } from '../edge/watch/watchSocket.ts'
import type { LogEntry } from '../runtime/Log.ts'
import { makeRecords } from './fanOutRecords.ts'

/** What the parent orders, one thing at a time. */
export type EdgeOrder =
  /** A stream whose fragments have so many bytes, and that has so many of them at most. */
  | { readonly _tag: 'Open'; readonly id: string; readonly bytes: number; readonly fragments: number }
  /** The stream's next fragments, or as many messages of the same size on the bare socket. */
  | { readonly _tag: 'Publish'; readonly id: string; readonly path: 'bare' | 'watch'; readonly messages: number }
  | { readonly _tag: 'Figures' }

/** What it gets. */
export type EdgeAnswer =
  | { readonly _tag: 'Up'; readonly port: number; readonly ackPort: number }
  | { readonly _tag: 'Opened'; readonly message_bytes: number }
  | { readonly _tag: 'Published'; readonly took_ms: number; readonly cpu_s: number }
  | { readonly _tag: 'Figures'; readonly rss_bytes: number; readonly sockets: number; readonly behind: number }

/** Messages that may be on their way. */
const WINDOW = 8
const STREAM_BYTES_MAX = 64 * 1024 * 1024

interface Stream {
  readonly followed: FollowedStream
  readonly records: ReadonlyArray<LogEntry>
  readonly bare: Uint8Array
  next: number
}

/** Messages that all readers have. */
class Acks {
  received = 0
  #next = Promise.withResolvers<void>()

  take(messages: number): void {
    this.received += messages
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  async until(received: number): Promise<void> {
    while (this.received < received) await this.#next.promise
  }
}

const answer = (message: EdgeAnswer): void => void process.send?.(message)
markSeldom()
const acks = new Acks()
const streams = new Map<string, Stream>()
const app = App()

const audience = new Audience({
  socketsMax: 1_000_000,
  socketsPerAddressMax: 1_000_000,
  counters: makeCounters(),
  publish: (topic, message) => void app.publish(topic, message, true),
  broke: (_, defect) => {
    throw defect
  },
  follow: (stream) => {
    const opened = streams.get(stream.id)
    queueMicrotask(() => opened && stream.attach(opened.followed, undefined))
    return () => stream.detach()
  },
  present: () => () => undefined,
  isPublishing: () => true,
})

const open = (id: string, bytes: number, fragments: number): void => {
  const followed = new FollowedStream(id, { seq: 0, msn: 0 }, STREAM_BYTES_MAX, { problem: (problem) => process.stderr.write(`${JSON.stringify(problem)}\n`), held: () => undefined })
  const records = makeRecords(bytes, fragments)
  let data = new Uint8Array()
  const forget = followed.onRecord((added) => (data = new Uint8Array(added[0]?.fragment.data.byteLength ?? 0)))
  // Viewers find a stream that has media.
  for (const record of records.slice(0, 2)) followed.take(record)
  forget()
  const bare = new Uint8Array(HEADER_BYTES + data.byteLength)
  bare[0] = KIND.fragment
  // Who watched the one before has left.
  streams.clear()
  streams.set(id, { followed, records, bare, next: 2 })
  // What making the records has left behind is collected before anything is measured, and not by what is.
  globalThis.gc?.()
  answer({ _tag: 'Opened', message_bytes: bare.byteLength })
}

const publishOne = (stream: Stream, path: 'bare' | 'watch'): void => {
  if (path === 'bare') return void app.publish('bare', stream.bare, true)
  const record = stream.records[stream.next++]
  if (record === undefined) throw new Error('the stream has no more fragments')
  stream.followed.take(record)
}

const publish = async (id: string, path: 'bare' | 'watch', messages: number): Promise<void> => {
  const stream = streams.get(id)
  if (stream === undefined) throw new Error(`there is no stream ${id}`)
  const [first, begun_ms, cpu] = [acks.received, performance.now(), process.cpuUsage()]
  for (let message = 0; message < messages; message++) {
    await acks.until(first + message - WINDOW + 1)
    publishOne(stream, path)
    await turn()
  }
  await acks.until(first + messages)
  const { user, system } = process.cpuUsage(cpu)
  answer({ _tag: 'Published', took_ms: performance.now() - begun_ms, cpu_s: (user + system) / 1e6 })
}

const figures = (): void => {
  globalThis.gc?.()
  const { sockets, behind } = audience.figures()
  answer({ _tag: 'Figures', rss_bytes: process.memoryUsage.rss(), sockets, behind })
}

process.on('message', (order: EdgeOrder) => {
  if (order._tag === 'Open') open(order.id, order.bytes, order.fragments)
  if (order._tag === 'Publish') void publish(order.id, order.path, order.messages)
  if (order._tag === 'Figures') figures()
})
process.on('disconnect', () => process.exit(0))

app.ws('/bare', { maxBackpressure: QUEUE_BYTES_MAX, open: (ws) => void ws.subscribe('bare') })
watchSocket(app, audience, ['*'], makeCounters())
setInterval(() => audience.sweep(), SWEEP_MS)

const acking = createServer((socket: Socket) => void socket.on('data', (bytes) => acks.take(bytes.length)).on('error', () => socket.destroy()))
acking.listen(0, '127.0.0.1')
await once(acking, 'listening')
const { port: ackPort } = acking.address() as { readonly port: number }
app.listen('127.0.0.1', 0, (socket) => answer({ _tag: 'Up', port: socket === false ? 0 : us_socket_local_port(socket as never), ackPort }))
