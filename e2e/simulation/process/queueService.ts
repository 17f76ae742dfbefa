import { Cause, Effect } from 'effect'
import { API_TIMEOUT_MS } from '../../../runtime/limits.ts'
import { type WorkItem, type WorkOptions, WorkQueue } from '../../../runtime/WorkQueue.ts'
import type { StoredMessage } from '../server/SimulatedLog.ts'
import type { NatsSide } from './NatsSide.ts'
import { askNats, travel_ms } from './request.ts'

const PULL_MS = 2_000
const PAUSE_MS = 200

/** Durable queues over the simulated server: what is on its way to a worker that dies lies there until its wait is over. */
export const queueService = (side: NatsSide): WorkQueue['Service'] =>
  WorkQueue.of({
    consume: Effect.fnUntraced(function* (options, handle) {
      yield* ensure(side, options)
      const worker = Effect.gen(function* () {
        if (options.ready?.() === false || !side.process.nats.connected) return yield* Effect.sleep(PAUSE_MS)
        const item = yield* pullOne(side, options)
        if (item === undefined) return
        yield* handle(item).pipe(Effect.catchCause((cause) => (Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.sync(() => side.server.world.note('defect', side.process.name, Cause.pretty(cause))))))
      })
      for (let i = 0; i < options.concurrency; i++) yield* Effect.forkScoped(Effect.forever(worker))
    })
  })

const queueOf = ({ server }: NatsSide, { durable, log, filter, ackWait_ms }: WorkOptions) => server.queue(durable, log, filter ?? '', ackWait_ms)

const ensure = (side: NatsSide, options: WorkOptions): Effect.Effect<void> =>
  Effect.asVoid(askNats(side.process, side.server, side.weather, API_TIMEOUT_MS, () => void queueOf(side, options)))

const pullOne = (side: NatsSide, options: WorkOptions): Effect.Effect<WorkItem | undefined> =>
  Effect.callback((resume) => {
    const { process, server, weather } = side
    let open = true
    const finish = (item: WorkItem | undefined): void => {
      if (!open) return item === undefined ? undefined : give(side, options, item.entry.seq, 'back')
      open = false
      timer.run = undefined
      forget()
      forgetLost()
      resume(Effect.succeed(item))
    }
    const timer = process.after(PULL_MS, () => finish(undefined))
    const forget = process.nats.onReconnect(() => finish(undefined))
    const forgetLost = process.nats.onLost(() => finish(undefined))
    const asked = (): void => {
      if (process.dead || !open) return
      queueOf(side, options).pull((message, deliveries) => {
        if (!open || process.dead) return false
        process.world.after(travel_ms(process, weather), () => {
          if (process.nats.open) process.post(() => finish(itemOf(side, options, message, deliveries)))
        })
        return true
      })
    }
    process.nats.send(travel_ms(process, weather), () => server.arrive(asked))
    return Effect.sync(() => {
      open = false
      timer.run = undefined
      forget()
      forgetLost()
    })
  })

/** Says something about an item without waiting for an answer. */
const give = (side: NatsSide, options: WorkOptions, seq: number, what: 'ack' | 'back' | 'working', delay_ms = 0): void => {
  const said = (): void => {
    const queue = queueOf(side, options)
    if (what === 'ack') queue.acknowledge(seq)
    if (what === 'back') queue.giveBack(seq, delay_ms)
    if (what === 'working') queue.working(seq)
  }
  side.process.nats.send(travel_ms(side.process, side.weather), () => side.server.arrive(said))
}

const itemOf = (side: NatsSide, options: WorkOptions, { seq, subject, data, time_ms }: StoredMessage, deliveries: number): WorkItem => ({
  entry: { seq, subject, data, time_ms },
  deliveries,
  ack: Effect.sync(() => give(side, options, seq, 'ack')),
  retryIn: (delay_ms) => Effect.sync(() => give(side, options, seq, 'back', delay_ms)),
  working: Effect.sync(() => give(side, options, seq, 'working'))
})
