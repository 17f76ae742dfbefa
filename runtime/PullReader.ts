import { AckPolicy, type ConsumerConfig, DeliverPolicy, type Msg, type MsgHdrs, type Subscription } from 'nats'
import { newId } from './ids.ts'
import * as limits from './limits.ts'
import { apiCode, type Nats } from './Nats.ts'
import type { LogSubject } from './topology.ts'

/** One stored message. `data` is a view of the client's buffer, not a copy. */
export interface LogEntry {
  readonly seq: number
  readonly subject: string
  readonly data: Uint8Array
  /** Wall clock of the server when it stored the message, ms since 1970. */
  readonly time_ms: number
}

/** What a delivery says beside the message. */
export interface Delivery {
  /** Messages of the subject that were still to come when this one was sent. */
  readonly pending: number
  readonly headers: MsgHdrs | undefined
}

/** How a reader takes a subject. */
export interface PullOptions {
  readonly at: LogSubject
  readonly from: number
  /** Name of the consumer; without one the server chooses, and nobody acknowledges. */
  readonly consumer?: string
  /** Bytes asked for at a time; a reader with `manual` credit asks only when `more` is called. */
  readonly manual: boolean
  readonly onEntry: (entry: LogEntry, delivery: Delivery) => void
  readonly onTrouble: (reason: string) => void
}

const CONSUMER_NOT_FOUND = 10014
const NANOSECONDS_PER_MS = 1_000_000

/**
 * Reads a subject from a sequence on, each message once and in order, through a pull consumer of its own. Whatever goes
 * wrong (silence, a restarted server, a lost consumer), it makes the consumer anew behind the last message it has had.
 *
 * One pull is open at a time, for `PULL_BYTES`; with manual credit the next one is asked for by `more`, so that what
 * waits in this process is bounded.
 */
export class PullReader {
  readonly #nats: Nats['Service']
  readonly #options: PullOptions
  readonly #acks: Array<{ readonly seq: number; readonly reply: string }> = []
  #next: number
  #subscription: Subscription | undefined
  #consumer = ''
  /** Consumers that may be there and are no longer wanted: a request whose answer did not come may still be heard. */
  readonly #unwanted = new Set<string>()
  #heard_ms = performance.now()
  #pulling = false
  #wanted = true
  #opened: Promise<void> = Promise.resolve()
  #closed = false
  #opening = false
  #openAgain = false
  #received = 0
  #credit_bytes = limits.PULL_BYTES
  readonly #timer: NodeJS.Timeout
  readonly #forget: () => void

  constructor(nats: Nats['Service'], options: PullOptions) {
    this.#nats = nats
    this.#options = options
    this.#next = options.from
    this.#timer = setInterval(() => this.#watch(), limits.PULL_RETRY_MS)
    this.#forget = nats.onReconnect(() => void this.reopen())
    void this.reopen()
  }

  /** Asks for another pull's worth of bytes, once the one that is open has been used up. */
  more(): void {
    this.#wanted = true
    this.#pull()
  }

  /** Makes the consumer anew behind the last message that came. */
  async reopen(): Promise<void> {
    this.#openAgain = this.#opening
    if (this.#opening || this.#closed || !this.#nats.connected()) return
    this.#opening = true
    const opened = this.#open()
    this.#opened = opened.catch(() => undefined)
    try {
      await opened
    } catch (cause) {
      this.#options.onTrouble(String(cause))
    } finally {
      this.#opening = false
    }
    if (this.#openAgain) return this.reopen()
    this.#pull()
  }

  /** Acknowledges everything up to `seq`, for people who look at the consumer; nothing is decided by it. */
  acknowledgeThrough(seq: number): void {
    let last: string | undefined
    while (this.#acks[0] !== undefined && this.#acks[0].seq <= seq) last = this.#acks.shift()?.reply
    if (last !== undefined && !this.#nats.connection.isClosed()) this.#nats.connection.publish(last, '+ACK')
  }

  /** Ends reading and removes the consumer. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    this.#forget()
    this.#letGo()
    // A consumer that is only being made could not be removed yet.
    await this.#opened
    await this.#clear()
  }

  async #open(): Promise<void> {
    // A pull that was open when its consumer went has not used its credit up.
    this.#wanted ||= this.#pulling
    this.#pulling = false
    this.#letGo()
    const { at, consumer } = this.#options
    // A name that is used again must be free first.
    if (consumer !== undefined) await this.#clear()
    const config: Partial<ConsumerConfig> & { name: string } = {
      name: consumer ?? `follow-${newId()}`,
      filter_subject: at.subject,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, this.#next),
      ack_policy: consumer === undefined ? AckPolicy.None : AckPolicy.All,
      ...(consumer === undefined ? {} : { max_ack_pending: -1, ack_wait: limits.CONSUMER_ACK_WAIT_MS * NANOSECONDS_PER_MS, max_deliver: -1 }),
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: limits.CONSUMER_INACTIVE_MS * NANOSECONDS_PER_MS
    }
    this.#acks.length = 0
    this.#unwanted.add(config.name)
    await this.#nats.manager.consumers.add(at.log, config)
    if (this.#closed) return
    this.#unwanted.delete(config.name)
    this.#consumer = config.name
    this.#subscription = this.#nats.connection.subscribe(`_INBOX.${newId()}`, { callback: (error, message) => error === null && this.#receive(message) })
    this.#heard_ms = performance.now()
    void this.#clear()
  }

  /** Hears no more of the consumer that was. */
  #letGo(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
    if (this.#consumer !== '') this.#unwanted.add(this.#consumer)
    this.#consumer = ''
  }

  /** Removes the consumers that are not wanted; those that cannot be removed now are tried again later, and end by themselves when idle. */
  async #clear(): Promise<void> {
    await Promise.all([...this.#unwanted].map(async (name) => {
      if (this.#nats.connection.isClosed()) return
      try {
        await this.#nats.manager.consumers.delete(this.#options.at.log, name)
        this.#unwanted.delete(name)
      } catch (cause) {
        if (apiCode(cause) === CONSUMER_NOT_FOUND) this.#unwanted.delete(name)
        else this.#options.onTrouble(`consumer ${name} is not removed yet: ${String(cause)}`)
      }
    }))
    for (const name of [...this.#unwanted].slice(0, -limits.CONSUMERS_UNWANTED_MAX)) this.#unwanted.delete(name)
  }

  #pull(): void {
    const reply = this.#subscription?.getSubject()
    if (this.#closed || this.#pulling || !this.#wanted || reply === undefined) return
    this.#pulling = true
    this.#received = 0
    if (this.#options.manual) this.#wanted = false
    const request = {
      batch: limits.PULL_MESSAGES,
      max_bytes: this.#credit_bytes,
      expires: limits.PULL_EXPIRES_MS * NANOSECONDS_PER_MS,
      idle_heartbeat: limits.PULL_HEARTBEAT_MS * NANOSECONDS_PER_MS
    }
    this.#nats.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.#options.at.log}.${this.#consumer}`, JSON.stringify(request), { reply })
  }

  #receive(message: Msg): void {
    this.#heard_ms = performance.now()
    const code = message.headers?.code ?? 0
    if (message.reply === undefined || message.reply === '' || code !== 0) return this.#status(code, message.headers?.description ?? '')
    const { seq, time_ms, pending } = readDelivery(message.reply)
    this.#received += 1
    if (this.#received === limits.PULL_MESSAGES) this.#pulling = false
    if (this.#options.consumer !== undefined) this.#remember(seq, message.reply)
    if (seq < this.#next) return
    this.#next = seq + 1
    this.#options.onEntry({ seq, subject: message.subject, data: message.data, time_ms }, { pending, headers: message.headers })
    this.#pull()
  }

  #remember(seq: number, reply: string): void {
    this.#acks.push({ seq, reply })
    if (this.#acks.length > limits.MAILBOX_ACKS_MAX) this.#acks.shift()
  }

  /** 100 is a heartbeat; 408 (expired) and 409 (bytes used up) end a pull; anything else means that the consumer is in trouble. */
  #status(code: number, description: string): void {
    if (code === 100) return
    const usedUp = code === 409 && description.includes('MaxBytes')
    if (code !== 408 && !usedUp) return void this.reopen()
    this.#pulling = false
    // A message bigger than the credit came not at all: it gets a pull of its own.
    const tooSmall = usedUp && this.#received === 0
    this.#credit_bytes = tooSmall ? limits.PULL_BYTES_MAX : limits.PULL_BYTES
    if (!usedUp || tooSmall) this.#wanted = true
    this.#pull()
  }

  #watch(): void {
    if (this.#closed || this.#opening) return
    const silent_ms = performance.now() - this.#heard_ms
    const silent = this.#pulling && silent_ms > limits.PULL_SILENCE_MS
    if (this.#subscription === undefined || silent) void this.reopen()
  }
}

/** What the reply subject of a delivered message says (NATS ADR-15). */
export interface DeliveryReply {
  readonly seq: number
  readonly time_ms: number
  /** How often the message has been delivered, this time included. */
  readonly deliveries: number
  /** Messages still to come when it was sent. */
  readonly pending: number
}

/** Reads the reply subject of a delivered message, with or without a domain in it. */
export const readDelivery = (reply: string): DeliveryReply => {
  const tokens = reply.split('.')
  const seq = tokens.length === 9 ? 5 : 7
  const number = (at: number): number => Number(tokens[at])
  return { seq: number(seq), time_ms: Math.floor(number(seq + 2) / NANOSECONDS_PER_MS), deliveries: number(seq - 1), pending: number(seq + 3) }
}
