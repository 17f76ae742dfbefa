import WebSocket from 'ws'
import { until } from './startEdge.ts'

/** A message of `/ws/events`, as it came. */
export type Told = { readonly type: string } & Readonly<Record<string, unknown>>

/** One client of an edge's events. */
export class EventClient {
  readonly told: Array<Told> = []
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly socket: WebSocket

  constructor(edge: string, query = '', headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(`${edge.replace(/^http/, 'ws')}/ws/events${query}`, { headers })
    this.socket.on('message', (data) => this.told.push(JSON.parse(String(data)) as Told))
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
    })
    // A close follows every error.
    this.socket.on('error', () => undefined)
  }

  /** A client that has had its first message. */
  static async begin(edge: string, query = '', headers: Readonly<Record<string, string>> = {}): Promise<EventClient> {
    const client = new EventClient(edge, query, headers)
    await until(() => client.told.length > 0 || client.closed !== undefined, 'the first message')
    return client
  }

  of(type: string): ReadonlyArray<Told> {
    return this.told.filter((message) => message.type === type)
  }

  /** Waits for a message. */
  async hears(type: string, isIt: (message: Told) => boolean = () => true): Promise<Told> {
    await until(() => this.of(type).some(isIt), `${type}; heard ${JSON.stringify(this.told).slice(0, 2_000)}`)
    return this.of(type).find(isIt) ?? { type }
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await until(() => this.closed !== undefined, 'the socket closes')
    return this.closed ?? { code: 0, reason: '' }
  }

  close(): void {
    this.socket.terminate()
  }
}

/** A server-sent event. */
export interface ServerSentEvent {
  readonly id: number
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** One client of `/api/streams/{id}/events`. */
export class EventStreamClient {
  readonly events: Array<ServerSentEvent> = []
  text = ''
  ended = false
  readonly #abort = new AbortController()

  static async begin(edge: string, id: string, after?: number): Promise<EventStreamClient> {
    const client = new EventStreamClient()
    const headers = after === undefined ? {} : { 'Last-Event-ID': String(after) }
    const response = await fetch(`${edge}/api/streams/${id}/events`, { headers, signal: client.#abort.signal })
    if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`)
    void client.#read(response.body)
    await until(() => client.text !== '', 'the first bytes')
    return client
  }

  async has(count: number): Promise<void> {
    await until(() => this.events.length >= count, `${count} events; there are ${this.events.length}`)
  }

  close(): void {
    this.#abort.abort()
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    try {
      for await (const bytes of body) {
        const text = decoder.decode(bytes, { stream: true })
        this.text += text
        const blocks = (rest + text).split('\n\n')
        rest = blocks.pop() ?? ''
        this.events.push(...blocks.flatMap(parse))
      }
    } catch (cause) {
      if (!this.#abort.signal.aborted) this.text += `\nbroken off: ${String(cause)}`
    }
    this.ended = true
  }
}

const parse = (block: string): ReadonlyArray<ServerSentEvent> => {
  const field = (name: string): string | undefined => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
  const data = field('data')
  return data === undefined ? [] : [{ id: Number(field('id')), event: field('event') ?? '', data: JSON.parse(data) as Readonly<Record<string, unknown>> }]
}
