import type { ServerMessage } from '../messages.ts'
import type { ViewerSocket } from '../Viewer.ts'

/** A socket as uWebSockets.js has it: it copies what it is given; what it cannot take at once waits in a queue with a bound. */
export class FakeSocket implements ViewerSocket {
  /** What was read, in order. */
  readonly received: Array<ServerMessage | Uint8Array> = []
  closed: number | 'cut' | undefined
  onDropped: (message: Uint8Array) => void = () => undefined
  onClosed: () => void = () => undefined
  readonly #hub: FakeHub
  readonly #queue: Array<string | Uint8Array> = []
  /** Published, and to be put into the queue when the loop ends or something is sent. */
  readonly #published: Array<Uint8Array> = []
  #bytes = 0

  constructor(hub: FakeHub) {
    this.#hub = hub
  }

  readonly send = (message: string | Uint8Array): number => {
    if (this.closed !== undefined) throw new Error('used after it has closed')
    if (this.getBufferedAmount() > this.#hub.queue_bytes_max) return 2
    this.flush()
    this.#add(typeof message === 'string' ? message : message.slice())
    return 1
  }

  readonly getBufferedAmount = (): number => {
    if (this.closed !== undefined) throw new Error('used after it has closed')
    return this.#bytes * this.#hub.bytesPerByte
  }

  readonly subscribe = (topic: string): boolean => {
    this.#hub.subscribers(topic).add(this)
    return true
  }

  readonly unsubscribe = (topic: string): boolean => this.#hub.subscribers(topic).delete(this)
  readonly cork = (callback: () => void): void => callback()

  readonly end = (code: number): void => {
    this.#close(code)
    // What waits is still delivered.
    this.#read(Number.POSITIVE_INFINITY)
  }

  readonly close = (): void => this.#close('cut')

  take(message: Uint8Array, isDeferred: boolean): void {
    this.#published.push(message.slice())
    if (!isDeferred) this.flush()
  }

  /** The first message that finds the queue full is dropped, and all that wait behind it go with it. */
  flush(): void {
    for (const message of this.#published.splice(0)) {
      if (this.closed !== undefined) return
      if (this.getBufferedAmount() > this.#hub.queue_bytes_max) return this.onDropped(message)
      this.#add(message)
    }
  }

  /** Reads so many messages. */
  read(messages: number): void {
    if (this.closed === undefined) this.#read(messages)
  }

  #read(messages: number): void {
    const read = this.#queue.splice(0, messages)
    this.#bytes -= read.reduce((sum, { length }) => sum + length, 0)
    this.received.push(...read.map((one) => (typeof one === 'string' ? (JSON.parse(one) as ServerMessage) : one)))
  }

  #add(message: string | Uint8Array): void {
    this.#queue.push(message)
    this.#bytes += message.length
  }

  #close(how: number | 'cut'): void {
    this.flush()
    this.closed = how
    this.#hub.forget(this)
    this.onClosed()
  }
}

/** Topics and sockets as uWebSockets.js has them. `bytesPerByte` makes small messages count as big ones. */
export class FakeHub {
  readonly queue_bytes_max: number
  readonly bytesPerByte: number
  readonly #isDeferred: boolean
  readonly #topics = new Map<string, Set<FakeSocket>>()

  constructor(queue_bytes_max: number, bytesPerByte: number, isDeferred: boolean) {
    this.queue_bytes_max = queue_bytes_max
    this.bytesPerByte = bytesPerByte
    this.#isDeferred = isDeferred
  }

  readonly publish = (topic: string, message: Uint8Array): void => {
    for (const socket of this.subscribers(topic)) socket.take(message, this.#isDeferred)
  }

  subscribers(topic: string): Set<FakeSocket> {
    const known = this.#topics.get(topic)
    if (known !== undefined) return known
    const subscribers = new Set<FakeSocket>()
    this.#topics.set(topic, subscribers)
    return subscribers
  }

  forget(socket: FakeSocket): void {
    for (const subscribers of this.#topics.values()) subscribers.delete(socket)
  }
}
