import { Cause, Context, Effect, Layer, type Scope } from 'effect'
import { AckPolicy, DeliverPolicy, type Msg } from 'nats'
import { LogUnavailable } from './errors.ts'
import { newId } from './ids.ts'
import { API_TIMEOUT_MS } from './limits.ts'
import { ask, Nats } from './Nats.ts'
import { type LogEntry, readDelivery } from './PullReader.ts'

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
        yield* ensureConsumer(nats, options)
        const worker = Effect.gen(function* () {
          if (options.ready?.() === false || !nats.connected()) return yield* Effect.sleep(PAUSE_MS)
          const message = yield* pullOne(nats, options)
          if (message !== undefined) yield* handle(itemOf(message)).pipe(Effect.catchCause(reportDefect(options.durable)))
        }).pipe(Effect.catchTag('LogUnavailable', () => Effect.andThen(Effect.sleep(PAUSE_MS), ensureAgain(nats, options))))
        for (let i = 0; i < options.concurrency; i++) {
          yield* Effect.forkScoped(Effect.forever(worker))
        }
      })
      return WorkQueue.of({ consume })
    })
  )
}

/**
 * Waits for one item. When interrupted, an item that is on its way to this worker is given back at once: otherwise it
 * would lie here until its acknowledgement wait is over.
 */
const pullOne = (nats: Nats['Service'], { log, durable }: WorkOptions): Effect.Effect<Msg | undefined, LogUnavailable> =>
  Effect.callback((resume) => {
    let open = true
    const subscription = nats.connection.subscribe(`_INBOX.${newId()}`, {
      callback: (error, message) => {
        const status = message.headers?.code ?? 0
        const item = error === null && status === 0 ? message : undefined
        if (!open) return void item?.respond('-NAK')
        if (status === 100) return
        const gone = status !== 0 && status !== 404 && status !== 408
        finish(gone ? new LogUnavailable({ operation: `next of ${durable}`, reason: message.headers?.description ?? String(status) }) : Effect.succeed(item))
      }
    })
    const forget = nats.onReconnect(() => finish(Effect.undefined))
    const timer = setTimeout(() => finish(new LogUnavailable({ operation: `next of ${durable}`, reason: 'no answer' })), PULL_MS + API_TIMEOUT_MS)
    const close = (): Promise<void> => {
      open = false
      clearTimeout(timer)
      forget()
      return subscription.isClosed() || !nats.connected() ? Promise.resolve(subscription.unsubscribe()) : subscription.drain()
    }
    const finish = (outcome: Effect.Effect<Msg | undefined, LogUnavailable>): void => {
      if (!open) return
      void close()
      resume(outcome)
    }
    const request = { batch: 1, expires: PULL_MS * NANOSECONDS_PER_MS }
    nats.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${log}.${durable}`, JSON.stringify(request), { reply: subscription.getSubject() })
    return Effect.ignore(Effect.tryPromise(close))
  })

/** A worker outlives a defect in the handling of one item, which then comes again. */
const reportDefect = (durable: string) => (cause: Cause.Cause<never>): Effect.Effect<void> =>
  Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.logError('defect in the handling of an item', { durable }, cause)

const ensureConsumer = (nats: Nats['Service'], options: WorkOptions): Effect.Effect<void, LogUnavailable> =>
  Effect.asVoid(ask(`consumer ${options.durable}`, () =>
    nats.manager.consumers.add(options.log, {
      durable_name: options.durable,
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.Explicit,
      ack_wait: options.ackWait_ms * NANOSECONDS_PER_MS,
      max_deliver: -1,
      max_ack_pending: 10_000,
      ...(options.filter === undefined ? {} : { filter_subject: options.filter })
    })
  ))

const ensureAgain = (nats: Nats['Service'], options: WorkOptions): Effect.Effect<void> =>
  Effect.catch(ensureConsumer(nats, options), (error) => Effect.logWarning('queue is not there', { durable: options.durable, reason: error.reason }))

const itemOf = (message: Msg): WorkItem => {
  const { seq, time_ms, deliveries } = readDelivery(message.reply ?? '')
  const respond = (answer: string): Effect.Effect<void> => Effect.sync(() => void message.respond(answer))
  return {
    entry: { seq, subject: message.subject, data: message.data, time_ms },
    deliveries,
    ack: respond('+ACK'),
    retryIn: (delay_ms) => respond(`-NAK ${JSON.stringify({ delay: delay_ms * NANOSECONDS_PER_MS })}`),
    working: respond('+WPI')
  }
}
