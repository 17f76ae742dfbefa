import { create } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect, type Scope } from 'effect'
import { freshNatsUrl, startNats } from '../deploy/local/testing/services.ts'
import { LeaseSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { Buckets } from './Bucket.ts'
import { newId } from './ids.ts'
import { Log } from './Log.ts'
import { until } from './testing/counterWorld.ts'
import { runtimeLayer, testSettings } from './testing/runtimeLayer.ts'
import { subjects } from './topology.ts'
import { WorkQueue, type WorkItem } from './WorkQueue.ts'

const inWorld = <A, E>(use: Effect.Effect<A, E, Log | WorkQueue | Buckets | Scope.Scope>, natsUrl = freshNatsUrl()) =>
  use.pipe(Effect.scoped, Effect.provide(runtimeLayer(testSettings(natsUrl))))
const ownServer = Effect.acquireRelease(Effect.promise(() => startNats()), (server) => Effect.promise(() => server.stop()))
const queue = { log: 'SEGMENTS', durable: 'archive', ackWait_ms: 30_000 } as const
const number = ({ entry }: WorkItem): number => entry.data[0] ?? -1

it.live('each item goes to one worker, and comes again when it is given back', () =>
  inWorld(Effect.gen(function* () {
    const [log, workers] = [yield* Log, yield* WorkQueue]
    const done: Array<number> = []
    const deliveries: Array<number> = []
    const handle = (item: WorkItem) => {
      if (number(item) === 3) deliveries.push(item.deliveries)
      if (number(item) === 3 && item.deliveries < 3) return item.retryIn(20)
      done.push(number(item))
      return item.ack
    }
    yield* workers.consume({ ...queue, concurrency: 2 }, handle)
    yield* workers.consume({ ...queue, concurrency: 1 }, handle)
    for (let i = 0; i < 50; i++) yield* log.publish(subjects.segments('x'), new Uint8Array([i]))
    yield* until('all are done', Effect.sync(() => done.length >= 50))
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(deliveries).toEqual([1, 2, 3])
  })))

it.live('a worker that goes leaves nothing lying until its acknowledgement wait is over', () =>
  inWorld(Effect.gen(function* () {
    const [log, workers] = [yield* Log, yield* WorkQueue]
    const done: Array<number> = []
    const consume = workers.consume({ ...queue, concurrency: 1 }, (item) => Effect.andThen(item.ack, Effect.sync(() => done.push(number(item)))))
    for (let round = 0; round < 40; round++) {
      yield* consume.pipe(Effect.andThen(Effect.sleep(20)), Effect.andThen(log.publish(subjects.segments('x'), new Uint8Array([round]))), Effect.scoped)
    }
    yield* consume
    yield* until('the last worker has done what the others left', Effect.sync(() => done.length === 40), 5_000)
    expect(new Set(done).size).toBe(40)
  })), 20_000)

it.live('a defect in the handling of an item does not end the worker', () =>
  inWorld(Effect.gen(function* () {
    const [log, workers] = [yield* Log, yield* WorkQueue]
    const done: Array<number> = []
    yield* workers.consume({ ...queue, concurrency: 1 }, (item) =>
      number(item) === 0 ? Effect.die(new Error('bug')) : Effect.andThen(Effect.sync(() => done.push(number(item))), item.ack))
    for (const i of [0, 1]) yield* log.publish(subjects.segments('x'), new Uint8Array([i]))
    yield* until('the second is done', Effect.sync(() => done.includes(1)))
  })))

it.live('workers, mailboxes and watches go on at once after the server was killed and restarted', () =>
  Effect.gen(function* () {
    const server = yield* ownServer
    yield* inWorld(Effect.gen(function* () {
      const [log, workers, { leases }] = [yield* Log, yield* WorkQueue, yield* Buckets]
      const [done, delivered, seen]: [Array<number>, Array<number>, Array<string>] = [[], [], []]
      const at = log.subject('ingest', newId())
      const appender = log.appender(at, 0)
      yield* workers.consume({ ...queue, concurrency: 1 }, (item) => Effect.andThen(Effect.sync(() => done.push(number(item))), item.ack))
      yield* log.mailbox(at, 'mailbox', 1, (entry) => delivered.push(entry.data[0] ?? -1))
      yield* leases.watch((change) => seen.push(change.key))
      for (let round = 0; round < 3; round++) {
        yield* log.publish(subjects.segments('x'), new Uint8Array([round]))
        yield* appender.append(new Uint8Array([round]))
        yield* leases.create(`k${round}`, create(LeaseSchema, {}))
        yield* until(`all have round ${round}`, Effect.sync(() => done.includes(round) && delivered.length > round && seen.length > round), 3_000)
        yield* Effect.promise(() => server.kill())
        yield* Effect.promise(() => server.restart())
        yield* Effect.eventually(Effect.tapError(log.publish(subjects.event('x', 'back'), new Uint8Array()), () => Effect.sleep(20)))
      }
      expect(delivered).toEqual([0, 1, 2])
      expect(seen).toEqual(['k0', 'k1', 'k2'])
    }), server.url)
  }).pipe(Effect.scoped), 30_000)
