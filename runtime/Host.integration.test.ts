import { expect, it } from '@effect/vitest'
import { Effect, Layer, type Scope } from 'effect'
import { freshNatsUrl, startNats } from '../deploy/local/testing/services.ts'
import { StreamStatus } from '../proto/gen/millrace/v1/stream_state_pb.js'
import { Ask } from './Ask.ts'
import { Buckets } from './Bucket.ts'
import { Host } from './Host.ts'
import { newId } from './ids.ts'
import { SWEEP_MS } from './limits.ts'
import { Log } from './Log.ts'
import { Nats } from './Nats.ts'
import { tell } from './Tell.ts'
import { counter } from './testing/counter.ts'
import { type CounterProcess, startCounterNode } from './testing/counterProcess.ts'
import { feed, history, numbers, ownerOf, until, untilCounted, wantCounter } from './testing/counterWorld.ts'
import { runtimeLayer, testNodeLayer, testSettings } from './testing/runtimeLayer.ts'

type World = Log | Nats | Buckets | Ask | Scope.Scope
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

const inWorld = <A, E>(use: (natsUrl: string) => Effect.Effect<A, E, World>, natsUrl = freshNatsUrl()) =>
  use(natsUrl).pipe(Effect.provide(runtimeLayer(testSettings(natsUrl))), Effect.scoped)

const saying = (node: CounterProcess, what: string, deadline_ms?: number) => until(`${node.node} says ${what}`, Effect.sync(() => node.lines.find((line) => line.includes(what))), deadline_ms)

/** Waits until a node has given a sign of life. */
const isUp = (node: CounterProcess) =>
  until(() => `${node.node} is up; it says\n${node.lines.join('\n')}`, Effect.flatMap(Buckets, (buckets) => buckets.nodes.get(node.node)))

/** Every number counted exactly once: as many as were given, of the right sum, and no total that ever went back. */
const expectCountedOnce = (id: string, to: number) =>
  Effect.gen(function* () {
    const records = yield* history(id)
    const last = records.at(-1)
    expect({ total: last?.total, count: last?.count }).toEqual({ total: (to * (to - 1)) / 2, count: to })
    records.forEach((record, i) => {
      expect(record.count).toBeGreaterThanOrEqual(records[i - 1]?.count ?? 0)
      expect(record.total * 2 - record.count * (record.count - 1)).toBe(0)
    })
    return records
  })

it.live('a counter survives kill -9 of its node: another goes on within 1.5 s, every number counted once', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const nodes = [yield* startCounterNode('a', natsUrl), yield* startCounterNode('b', natsUrl)]
    const id = newId()
    yield* wantCounter(id)
    yield* feed(id, numbers(0, 300))
    yield* untilCounted(id, 300)
    const owner = yield* ownerOf(id)
    const other = nodes.find(({ node }) => node !== owner)
    yield* Effect.forEach(nodes, isUp)
    // A node judges others only after it has heard itself for a lease.
    yield* Effect.sleep(1_500)
    const killed_ms = performance.now()
    nodes.find(({ node }) => node === owner)?.signal('SIGKILL')
    yield* feed(id, numbers(300, 600))
    yield* untilCounted(id, 600)
    const took_ms = performance.now() - killed_ms
    expect(yield* ownerOf(id)).toBe(other?.node)
    expect(took_ms).toBeLessThan(1_500)
    const records = yield* expectCountedOnce(id, 600)
    expect(records.filter(({ kind }) => kind === 'TakeOver')).toHaveLength(2)
  })), 30_000)

it.live('a node stopped past its lease and continued is fenced and lets go', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    const zombie = yield* startCounterNode('zombie', natsUrl)
    yield* wantCounter(id)
    yield* feed(id, numbers(0, 100))
    yield* untilCounted(id, 100)
    yield* isUp(yield* startCounterNode('heir', natsUrl))
    zombie.signal('SIGSTOP')
    yield* feed(id, numbers(100, 200))
    yield* untilCounted(id, 200)
    expect(yield* ownerOf(id)).toBe('heir')
    zombie.signal('SIGCONT')
    yield* saying(zombie, '"exit":"Superseded"')
    yield* feed(id, numbers(200, 300))
    yield* untilCounted(id, 300)
    expect(yield* ownerOf(id)).toBe('heir')
    const records = yield* expectCountedOnce(id, 300)
    expect(records.filter(({ kind }) => kind === 'TakeOver')).toHaveLength(2)
  })), 30_000)

it.live('a node that starts again under its name takes its counters back', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    const before = yield* startCounterNode('same', natsUrl)
    yield* wantCounter(id)
    yield* feed(id, numbers(0, 50))
    yield* untilCounted(id, 50)
    before.signal('SIGKILL')
    yield* startCounterNode('same', natsUrl)
    yield* feed(id, numbers(50, 100))
    yield* untilCounted(id, 100)
    yield* expectCountedOnce(id, 100)
  })), 30_000)

it.live('drain on SIGTERM hands counters over at once and ends with 0', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const ids = [newId(), newId(), newId()]
    const leaving = yield* startCounterNode('leaving', natsUrl)
    yield* Effect.forEach(ids, (id) => Effect.andThen(wantCounter(id), feed(id, numbers(0, 50))))
    yield* Effect.forEach(ids, (id) => untilCounted(id, 50))
    const staying = yield* startCounterNode('staying', natsUrl)
    yield* isUp(staying)
    const asked_ms = performance.now()
    leaving.signal('SIGTERM')
    yield* Effect.forEach(ids, (id) => feed(id, numbers(50, 100)))
    yield* Effect.forEach(ids, (id) => untilCounted(id, 100))
    expect(performance.now() - asked_ms).toBeLessThan(1_000)
    expect(yield* Effect.promise(() => leaving.exited)).toBe(0)
    // One that was counted to the end before the signal was heard is handed over behind that.
    yield* until('the other owns them', Effect.map(Effect.forEach(ids, ownerOf), (owners) => owners.every((owner) => owner === 'staying')))
    yield* Effect.forEach(ids, (id) => expectCountedOnce(id, 100))
    expect(staying.lines.join()).not.toContain('actor restarts')
  })), 30_000)

it.live('what a draining node gives up is taken over at once, also where no hint gets through', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    const leaving = yield* startCounterNode('leaving', natsUrl)
    yield* wantCounter(id)
    yield* feed(id, numbers(0, 50))
    yield* untilCounted(id, 50)
    yield* isUp(yield* startCounterNode('staying', natsUrl))
    const { manager } = yield* Nats
    // A node that still begins needs the log of hints.
    yield* until('both take hints', Effect.map(Effect.promise(() => manager.consumers.info('COMMANDS', 'host-counter')), ({ num_waiting }) => num_waiting === 2))
    yield* Effect.promise(() => manager.streams.delete('COMMANDS'))
    const asked_ms = performance.now()
    leaving.signal('SIGTERM')
    yield* until('another owns it', Effect.map(ownerOf(id), (owner) => owner === 'staying'))
    expect(performance.now() - asked_ms).toBeLessThan(SWEEP_MS / 2)
    yield* feed(id, numbers(50, 100))
    yield* untilCounted(id, 100)
    yield* expectCountedOnce(id, 100)
  })), 30_000)

it.live('NATS killed and away for longer than a lease: the same owners go on, nothing is taken over', () =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(Effect.promise(() => startNats()), (started) => Effect.promise(() => started.stop()))
    yield* inWorld((natsUrl) => Effect.gen(function* () {
      const ids = Array.from({ length: 8 }, newId)
      yield* startCounterNode('a', natsUrl)
      yield* startCounterNode('b', natsUrl)
      yield* Effect.forEach(ids, (id) => Effect.andThen(wantCounter(id), feed(id, numbers(0, 20))))
      yield* Effect.forEach(ids, (id) => untilCounted(id, 20))
      const owners = yield* Effect.forEach(ids, ownerOf)
      yield* Effect.sleep(1_500)
      for (const away_ms of [100, 600, 3_000]) {
        yield* Effect.promise(() => server.kill())
        yield* Effect.sleep(away_ms)
        yield* Effect.promise(() => server.restart())
        yield* Effect.sleep(2_500)
      }
      yield* Effect.forEach(ids, (id) => feed(id, numbers(20, 40)))
      yield* Effect.forEach(ids, (id) => untilCounted(id, 40))
      expect(yield* Effect.forEach(ids, ownerOf)).toEqual(owners)
      for (const id of ids) {
        const records = yield* expectCountedOnce(id, 40)
        expect(records.filter(({ kind }) => kind === 'TakeOver')).toHaveLength(1)
      }
    }), server.url)
  }).pipe(Effect.scoped), 60_000)

it.live('a node takes no more than its capacity; the rest waits for another', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const ids = Array.from({ length: 4 }, newId)
    yield* startCounterNode('small', natsUrl, { CAPACITY: '2' })
    yield* Effect.forEach(ids, (id) => Effect.andThen(wantCounter(id), feed(id, numbers(0, 10))))
    const owned = Effect.map(Effect.forEach(ids, ownerOf), (owners) => owners.filter((owner) => owner !== undefined))
    yield* until('two are owned', Effect.map(owned, (owners) => owners.length === 2))
    yield* Effect.sleep(1_000)
    expect(yield* owned).toEqual(['small', 'small'])
    yield* startCounterNode('second', natsUrl, { CAPACITY: '2' })
    yield* Effect.forEach(ids, (id) => untilCounted(id, 10))
    expect((yield* owned).toSorted()).toEqual(['second', 'second', 'small', 'small'])
  })), 30_000)

it.live('a counter whose hint was lost is found by the sweep', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    yield* startCounterNode('a', natsUrl)
    yield* wantCounter(id, false)
    yield* feed(id, numbers(0, 10))
    yield* untilCounted(id, 10)
  })), 30_000)

it.live('a counter that crashes at the same entry again and again fails for good, and says why', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    const node = yield* startCounterNode('a', natsUrl)
    yield* wantCounter(id)
    yield* feed(id, [...numbers(0, 10), 'boom'])
    const { streams } = yield* Buckets
    const failed = yield* until('the counter has failed', Effect.map(streams.get(id), (entry) => entry?.value.status === StreamStatus.FAILED ? entry.value : undefined))
    expect(failed.reason).toContain('died 6 times in 60 s')
    expect(failed.reason).toContain('boom')
    yield* until('the lease is given up', Effect.map(ownerOf(id), (owner) => owner === undefined))
    expect(node.lines.filter((line) => line.includes('actor restarts'))).toHaveLength(5)
    const { ask } = yield* Ask
    expect((yield* Effect.flip(ask('counter', id, bytes(''), 1_000)))._tag).toBe('NotActive')
  })), 30_000)

it.live('a failed counter whose failure cannot be told for a defect loses its lease all the same', () => {
  const natsUrl = freshNatsUrl()
  let told = 0
  const onFailed: typeof counter.onFailed = (...failure) => Effect.andThen(counter.onFailed(...failure), Effect.suspend(() => Effect.die(`telling breaks, time ${(told += 1)}`)))
  return inWorld(() => Effect.gen(function* () {
    const id = newId()
    yield* wantCounter(id)
    yield* feed(id, ['boom'])
    yield* until('telling it broke', Effect.sync(() => told > 0))
    yield* until('the lease is given up', Effect.map(ownerOf(id), (owner) => owner === undefined))
    expect(told).toBe(1)
  }).pipe(Effect.provide(Host.layer({ ...counter, onFailed }).pipe(Layer.provide(testNodeLayer(testSettings(natsUrl)))))), natsUrl)
}, 30_000)

it.live('ask: the owner answers; nobody answers for an actor that is nowhere, at once; silence is a timeout', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    const { ask } = yield* Ask
    yield* startCounterNode('a', natsUrl)
    yield* wantCounter(id)
    yield* feed(id, numbers(0, 10))
    yield* untilCounted(id, 10)
    expect(text(yield* ask('counter', id, bytes('total'), 1_000))).toBe('45')
    const asked_ms = performance.now()
    expect((yield* Effect.flip(ask('counter', newId(), bytes('total'), 5_000)))._tag).toBe('NotActive')
    expect(performance.now() - asked_ms).toBeLessThan(1_000)
    expect((yield* Effect.flip(ask('counter', id, bytes('silent'), 200)))._tag).toBe('AskTimeout')
  })), 30_000)

it.live('tell: what is told stays until the actor has answered, and wakes it up; for an actor that nobody wants it becomes a dead letter', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const [id, unwanted] = [newId(), newId()]
    yield* wantCounter(id, false)
    yield* tell('counter', id, bytes('total'))
    yield* tell('counter', unwanted, bytes('total'))
    const log = yield* Log
    yield* isUp(yield* startCounterNode('a', natsUrl))
    yield* untilCounted(id, 0, 4_000)
    const dead = yield* until('a dead letter', log.head({ log: 'DEAD', subject: `dead.counter.${unwanted}` }))
    expect(dead.data.length).toBeGreaterThan(0)
    yield* until('the commands are done', Effect.map(log.usage('COMMANDS'), ({ messages }) => messages === 0))
  })), 30_000)

it.live('an entry that is no number is parked with its reason, and the count goes on', () =>
  inWorld((natsUrl) => Effect.gen(function* () {
    const id = newId()
    const log = yield* Log
    yield* startCounterNode('a', natsUrl)
    yield* wantCounter(id)
    yield* feed(id, ['0', 'what?', '1', 'end'])
    yield* untilCounted(id, 2)
    const dead = yield* until('a dead letter', log.head({ log: 'DEAD', subject: `dead.counter.${id}` }))
    expect(text(dead.data)).toContain('not a number')
    yield* until('the counter has ended', Effect.map(ownerOf(id), (owner) => owner === undefined))
  })), 30_000)
