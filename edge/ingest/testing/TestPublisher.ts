import WebSocket from 'ws'
import type { ServerMessage } from '../messages.ts'

type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

/** Waits for a condition, with a deadline. */
export const until = async (what: string, condition: () => boolean, deadline_ms = 15_000): Promise<void> => {
  const end_ms = performance.now() + deadline_ms
  while (!condition()) {
    if (performance.now() > end_ms) throw new Error(`waited ${deadline_ms} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** One connection to an ingest socket, as a client sees it. */
export class TestPublisher {
  readonly messages: Array<ServerMessage> = []
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly #socket: WebSocket

  constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as ServerMessage))
    this.#socket.on('close', (code, reason) => {
      this.closed ??= { code, reason: String(reason) }
    })
    // A close follows every error.
    this.#socket.on('error', () => undefined)
  }

  static async connect(url: string): Promise<TestPublisher> {
    const publisher = new TestPublisher(url)
    await until('the socket opens', () => publisher.#socket.readyState === WebSocket.OPEN || publisher.closed !== undefined)
    return publisher
  }

  say(message: object | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame)
  }

  /** Sends a piece of a WebSocket message that goes on. */
  sendFragment(bytes: Uint8Array): void {
    this.#socket.send(bytes, { fin: false })
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.#socket.terminate()
  }

  /** Takes no bytes from the network any more, or takes them again. */
  stopReading(): void {
    this.#socket.pause()
  }

  readAgain(): void {
    this.#socket.resume()
  }

  last<T extends ServerMessage['type']>(type: T): Message<T> | undefined {
    return this.messages.findLast((message): message is Message<T> => message.type === type)
  }

  async heard<T extends ServerMessage['type']>(type: T): Promise<Message<T>> {
    await until(`"${type}"`, () => this.last(type) !== undefined || this.closed !== undefined)
    const message = this.last(type)
    if (message === undefined) throw new Error(`closed with ${this.closed?.code} ${this.closed?.reason} before "${type}"`)
    return message
  }

  async acked(seq: number): Promise<void> {
    await until(`the ack of frame ${seq}`, () => (this.last('ack')?.seq ?? -1) >= seq || this.closed !== undefined)
    if ((this.last('ack')?.seq ?? -1) < seq) throw new Error(`closed with ${this.closed?.code} ${this.closed?.reason} before the ack of frame ${seq}`)
  }

  async closing(): Promise<number> {
    await until('the socket closes', () => this.closed !== undefined)
    return this.closed?.code ?? 0
  }
}

/** Connects and starts a recording. */
export const startPublisher = async (url: string, start: object = {}): Promise<{ readonly publisher: TestPublisher; readonly started: Message<'started'> }> => {
  const publisher = await TestPublisher.connect(url)
  publisher.say({ type: 'start', mimeType: 'video/webm', ...start })
  return { publisher, started: await publisher.heard('started') }
}

/** Connects and resumes a recording. */
export const resumePublisher = async (url: string, { recordingId, epoch, publisherToken }: Message<'started'>, acked?: { readonly seq: number; readonly bytes: number }): Promise<TestPublisher> => {
  const publisher = await TestPublisher.connect(url)
  publisher.say({ type: 'resume', recordingId, epoch, publisherToken, ...(acked === undefined ? {} : { acked }) })
  return publisher
}
