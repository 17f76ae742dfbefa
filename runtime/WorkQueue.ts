import { Context, Effect, Layer, type Scope } from 'effect'
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from 'nats'
import { LogUnavailable } from './errors.ts'
import { API_TIMEOUT_MS } from './limits.ts'
import { ask, Nats } from './Nats.ts'
import type { LogEntry } from './PullReader.ts'

/** One message handed out to this worker until it is acknowledged, given back, or the acknowledgement wait is over. */
export interface WorkItem {
  readonly entry: LogEntry
  /** How many times it has been handed out, this one included. */
  readonly deliveries: number
  readonly ack: Effect.Effect<void>
  /** Gives it back, to be handed out again after `delay_ms`. */
  readonly retryIn: (delay_ms: number) => Effect.Effect<void>
  /** Tells the server that work goes on, which starts the acknowledgement wait afresh. */
  readonly working: Effect.Effect<void>
}

/** How workers share a queue. */
export interface WorkOptions {
  readonly log: 'SEGMENTS' | 'COMMANDS'
  /** Name of the consumer that all workers share. */
  readonly durable: string
  readonly filter?: string
  /** Items in hand at a time on this node. */
  readonly concurrency: number
  /** An item that is neither acknowledged nor `working` for this long goes to another worker. */
  readonly ackWait_ms: number
  /** Asked before each pull; a node without capacity leaves the work to others. */
  readonly ready?: () => boolean
}

const NANOSECONDS_PER_MS = 1_000_000
const PULL_MS = 2_000
const PAUSE_MS = 200

/** Durable queues whose items go to one worker at a time, over all nodes. */
export class WorkQueue extends Context.Service<WorkQueue, {
  /** Handles items until the scope closes; items in hand are then finished by whoever gets them next. */
  readonly consume: (options: WorkOptions, handle: (item: WorkItem) => Effect.Effect<void>) => Effect.Effect<void, LogUnavailable, Scope.Scope>
}>()('millrace/runtime/WorkQueue') {
  static readonly layer = Layer.effect(
    WorkQueue,
    Effect.gen(function* () {
      const nats = yield* Nats
      const consume = Effect.fnUntraced(function* (options: WorkOptions, handle: (item: WorkItem) => Effect.Effect<void>) {
        const consumer = yield* ensureConsumer(nats, options)
        const worker = Effect.gen(function* () {
          if (options.ready?.() === false || !nats.connected()) return yield* Effect.sleep(PAUSE_MS)
          const message = yield* ask(`next of ${options.durable}`, () => consumer.next({ expires: PULL_MS }))
          if (message !== null) yield* handle(itemOf(message))
        }).pipe(Effect.catchTag('LogUnavailable', () => Effect.andThen(Effect.sleep(PAUSE_MS), ensureConsumer(nats, options).pipe(Effect.ignore))))
        for (let i = 0; i < options.concurrency; i++) {
          yield* Effect.forkScoped(Effect.forever(worker))
        }
      })
      return WorkQueue.of({ consume })
    })
  )
}

const ensureConsumer = (nats: Nats['Service'], options: WorkOptions): Effect.Effect<Consumer, LogUnavailable> =>
  ask(`consumer ${options.durable}`, async () => {
    await nats.manager.consumers.add(options.log, {
      durable_name: options.durable,
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.Explicit,
      ack_wait: options.ackWait_ms * NANOSECONDS_PER_MS,
      max_deliver: -1,
      max_ack_pending: 10_000,
      ...(options.filter === undefined ? {} : { filter_subject: options.filter })
    })
    return nats.connection.jetstream({ timeout: API_TIMEOUT_MS }).consumers.get(options.log, options.durable)
  })

const itemOf = (message: JsMsg): WorkItem => ({
  entry: { seq: message.seq, subject: message.subject, data: message.data, time_ms: Math.floor(message.info.timestampNanos / NANOSECONDS_PER_MS) },
  deliveries: message.info.redeliveryCount,
  ack: Effect.sync(() => message.ack()),
  retryIn: (delay_ms) => Effect.sync(() => message.nak(delay_ms)),
  working: Effect.sync(() => message.working())
})
