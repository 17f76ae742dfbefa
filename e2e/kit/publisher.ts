/**
 * A publisher: a client of `/ws/stream` that keeps what is not acknowledged and sends it again after a drop, to the same
 * edge or to another.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type EdgeMessage, EdgeSocket, isFinal, PublishingEnded } from './edgeSocket.ts'

/** What `start` says to the edge. */
export interface StartOptions {
  readonly recordingId?: string
  readonly publisherToken?: string
  readonly title?: string
  readonly mimeType?: string
  readonly streamKey?: string
  /** Connects again by itself after a drop; default true. Off: a drop ends the publisher. */
  readonly resumes?: boolean
  /** How long it tries to come back before it gives up; default 30,000. */
  readonly giveUpAfter_ms?: number
  /** Other edges: after a drop, each attempt to come back goes to the next one, the first edge last. */
  readonly otherEdges?: ReadonlyArray<string>
  /** Leaves an edge that has said nothing for so long though chunks wait for it; default: waits for ever. */
  readonly silence_ms?: number
}

/** The edge's answer to `stop`. */
export interface Stopped {
  readonly recordingId: string
  readonly duration: number
  readonly segmentsUploaded: number
  readonly bytesUploaded: number
}

/** One stream being published. */
export interface Publisher {
  readonly recordingId: string
  readonly publisherToken: string
  /** The epoch being published now. */
  readonly epoch: () => string | number
  /** Sends a chunk, or keeps it until there is a connection again. */
  readonly send: (chunk: Uint8Array) => void
  /** Chunks given to `send`. */
  readonly sent: () => number
  /** Chunks that are durable. */
  readonly acknowledged: () => number
  /** Resolves when at most `atMost` chunks wait for their acknowledgement. */
  readonly drained: (atMost?: number) => Promise<void>
  /** Breaks the connection without a goodbye, as a lost network does; the publisher comes back after `away_ms`, default at once. */
  readonly drop: (away_ms?: number) => void
  /** Edge to use for the next connection, for instance `http://127.0.0.1:8081`. */
  readonly useEdge: (url: string) => void
  /** All JSON messages so far. */
  readonly messages: ReadonlyArray<EdgeMessage>
  /** Waits for everything to be acknowledged, then ends the stream. Rejects with 4404 where a drop hid that it was ended already. */
  readonly stop: () => Promise<Stopped>
  /** Leaves without `stop`. */
  readonly leave: () => void
  /** Rejects when publishing ended other than by `stop` or `leave`. */
  readonly failed: Promise<never>
}

const BAD_MESSAGE = 4400

class Publishing implements Publisher {
  readonly messages: Array<EdgeMessage> = []
  readonly failed: Promise<never>
  private readonly options: StartOptions
  /** The one in use first. */
  private edges: ReadonlyArray<string>
  private connection: EdgeSocket
  private identity = { recordingId: '', publisherToken: '', epoch: '' as string | number }
  /** Chunks not yet acknowledged; the first has the sequence `floor`. */
  private readonly kept: Array<Uint8Array> = []
  private floor = 0
  /** The newest acknowledgement of the epoch. */
  private acked = { seq: -1, bytes: 0 }
  private attached = false
  private over = false
  private stopping = false
  private away_ms = 0
  private readonly attachments = new Set<() => void>()
  private heard_ms = performance.now()
  private readonly listening: NodeJS.Timeout | undefined
  private fail: (why: PublishingEnded) => void = () => undefined
  private readonly drains = new Set<{ readonly atMost: number; readonly done: () => void }>()

  constructor(edge: string, options: StartOptions) {
    this.edges = [edge, ...(options.otherEdges ?? [])]
    this.options = options
    this.failed = new Promise<never>((_resolve, reject) => (this.fail = reject))
    this.failed.catch(() => undefined)
    this.connection = this.connect()
    this.listening = options.silence_ms === undefined ? undefined : this.listenFor(options.silence_ms)
  }

  get recordingId(): string {
    return this.identity.recordingId
  }
  get publisherToken(): string {
    return this.identity.publisherToken
  }
  readonly epoch = (): string | number => this.identity.epoch
  readonly sent = (): number => this.floor + this.kept.length
  readonly acknowledged = (): number => this.floor

  async start(): Promise<void> {
    const { recordingId, publisherToken, title, mimeType, streamKey } = this.options
    await this.connection.opened()
    const started = await this.connection.ask({ type: 'start', recordingId, publisherToken, title, mimeType, streamKey }, 'started')
    this.identity = {
      recordingId: String(started['recordingId']),
      publisherToken: String(started['publisherToken']),
      epoch: started['epoch'] as string | number,
    }
    this.attach(this.connection)
  }

  readonly send = (chunk: Uint8Array): void => {
    this.kept.push(chunk)
    if (this.attached) this.connection.socket.send(chunk, { binary: true })
  }

  readonly drained = (atMost = 0): Promise<void> => {
    if (this.kept.length <= atMost) return Promise.resolve()
    const done = new Promise<void>((resolve) => this.drains.add({ atMost, done: resolve }))
    return Promise.race([done, this.failed])
  }

  readonly drop = (away_ms = 0): void => {
    this.away_ms = away_ms
    this.connection.socket.terminate()
  }

  readonly useEdge = (url: string): void => {
    this.edges = [url, ...this.edges.slice(1)]
  }

  readonly stop = async (): Promise<Stopped> => {
    await this.drained()
    this.stopping = true
    const stopped = await this.askToStop()
    this.leave()
    return {
      recordingId: String(stopped['recordingId']),
      duration: Number(stopped['duration']),
      segmentsUploaded: Number(stopped['segmentsUploaded']),
      bytesUploaded: Number(stopped['bytesUploaded']),
    }
  }

  readonly leave = (): void => {
    this.over = true
    clearInterval(this.listening)
    this.connection.socket.close()
  }

  /** Asks again on the next connection where one drops before the answer. */
  private async askToStop(): Promise<EdgeMessage> {
    for (;;) {
      if (!this.attached) await Promise.race([new Promise<void>((resolve) => this.attachments.add(resolve)), this.failed])
      try {
        return await this.connection.ask({ type: 'stop' }, 'stopped')
      } catch (error) {
        if (!(error instanceof PublishingEnded) || this.options.resumes === false || isFinal(error.code)) throw error
      }
    }
  }

  private connect(): EdgeSocket {
    const [edge = ''] = this.edges
    this.heard_ms = performance.now()
    const onMessage = (message: EdgeMessage): void => {
      this.messages.push(message)
      this.heard_ms = performance.now()
      if (message.type === 'ack') this.onAck({ seq: Number(message['seq']), bytes: Number(message['bytes']) })
    }
    return new EdgeSocket(edge, onMessage, this.options.silence_ms)
  }

  /** A connection on which nothing is heard any more is cut, whether or not the network says so. */
  private listenFor(silence_ms: number): NodeJS.Timeout {
    return setInterval(() => {
      if (this.kept.length === 0 && this.attached && !this.stopping) this.heard_ms = performance.now()
      if (performance.now() - this.heard_ms > silence_ms) this.drop()
    }, silence_ms / 10).unref()
  }

  private onAck(acked: { readonly seq: number; readonly bytes: number }): void {
    this.acked = acked
    this.forget(acked.seq + 1)
  }

  /** Lets go of everything before the sequence `next`. */
  private forget(next: number): void {
    if (next <= this.floor) return
    this.kept.splice(0, next - this.floor)
    this.floor = next
    for (const drain of this.drains) {
      if (this.kept.length > drain.atMost) continue
      this.drains.delete(drain)
      drain.done()
    }
  }

  private attach(connection: EdgeSocket): void {
    this.attached = true
    for (const attached of this.attachments) attached()
    this.attachments.clear()
    for (const chunk of this.kept) connection.socket.send(chunk, { binary: true })
    void connection.closed.then((ended) => {
      this.attached = false
      if (this.over) return
      if (this.options.resumes === false || isFinal(ended.code)) this.fail(ended)
      else void this.comeBack(ended)
    })
  }

  private async comeBack(why: PublishingEnded): Promise<void> {
    const deadline_ms = performance.now() + this.away_ms + (this.options.giveUpAfter_ms ?? 30_000)
    await delay(this.away_ms)
    this.away_ms = 0
    for (let last = why, pause_ms = 50; !this.over; pause_ms = Math.min(1_000, pause_ms * 2)) {
      if (performance.now() > deadline_ms || isFinal(last.code)) return this.fail(last)
      this.edges = [...this.edges.slice(1), ...this.edges.slice(0, 1)]
      try {
        return await this.resume()
      } catch (error) {
        if (!(error instanceof PublishingEnded)) throw error
        last = error
      }
      await delay(pause_ms)
    }
  }

  private async resume(): Promise<void> {
    const { streamKey } = this.options
    this.connection = this.connect()
    await this.connection.opened()
    const question = { type: 'resume', ...this.identity, ...(streamKey === undefined ? {} : { streamKey }), acked: this.acked }
    const resumed = await this.connection.ask(question, 'resumed')
    const next = Number(resumed['nextSeq'])
    if (next < this.floor) throw new PublishingEnded(BAD_MESSAGE, `chunk ${next} is asked for, and is not kept any more: only a new epoch can go on`)
    this.forget(next)
    this.attach(this.connection)
  }
}

/** Starts a stream at an edge, for instance `http://127.0.0.1:8080`. Rejects with `PublishingEnded`. */
export const startPublishing = async (edge: string, options: StartOptions = {}): Promise<Publisher> => {
  const publishing = new Publishing(edge, options)
  await publishing.start()
  return publishing
}
