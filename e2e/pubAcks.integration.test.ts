import { create } from '@bufbuild/protobuf'
import { expect, it } from '@effect/vitest'
import { Effect, Fiber } from 'effect'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { freshNatsUrl } from '../deploy/local/testing/services.ts'
import { NodeStateSchema } from '../proto/gen/millrace/v1/node_pb.js'
import { Buckets } from '../runtime/Bucket.ts'
import { Claims } from '../runtime/Claims.ts'
import { Log } from '../runtime/Log.ts'
import { Nats } from '../runtime/Nats.ts'
import { PING_MS, PINGS_UNANSWERED_MAX } from '../runtime/limits.ts'
import { newId } from '../runtime/ids.ts'
import { runtimeLayer, testNodeLayer, testSettings } from '../runtime/testing/runtimeLayer.ts'
import { type Proxy, proxyTo } from './kit/proxy.ts'

let url: string
let proxy: Proxy
let requests: string
/** The answer to the next request that holds this text is lost, and its connection with it. */
let losing: string | undefined

beforeAll(async () => {
  url = freshNatsUrl()
  requests = ''
  proxy = await proxyTo(url, (bytes) => {
    requests += bytes.toString('latin1')
    const isMet = losing !== undefined && bytes.includes(losing)
    if (isMet) losing = undefined
    return isMet ? 'loseReply' : 'pass'
  })
})

afterEach(() => proxy.heal())
afterAll(() => proxy.close())

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A program of its own, with a connection past the proxy. */
const past = <A, E>(use: Effect.Effect<A, E, Log>): Effect.Effect<A> =>
  Effect.promise(() => Effect.runPromise(use.pipe(Effect.provide(runtimeLayer(testSettings(url))))))

/** What is stored of a stream. */
const stored = (id: string): Effect.Effect<ReadonlyArray<string>> =>
  past(Effect.gen(function* () {
    const log = yield* Log
    const entries = yield* Effect.forEach([log.subject('ingest', id), log.subject('media', id)], (at) => log.read(at, 1, Number.MAX_SAFE_INTEGER))
    return entries.flat().map(({ data }) => new TextDecoder().decode(data))
  }))

/** Waits until this text has come to the proxy so many times. */
const untilSeen = Effect.fnUntraced(function* (text: string, times: number) {
  while (requests.split(text).length <= times) yield* Effect.sleep(5)
})

const through = <A, E>(use: Effect.Effect<A, E, Log | Nats | Buckets>) => use.pipe(Effect.provide(runtimeLayer(testSettings(proxy.through(url)))))

it.live('a PubAck that is lost with its connection: the record is stored once, and the next one behind it', () =>
  through(Effect.gen(function* () {
    const log = yield* Log
    const id = newId()
    const appender = log.appender(log.subject('ingest', id), 0)
    const first = yield* appender.append(bytes('0'))
    proxy.travel({ held: true }, 'replies')
    const unacknowledged = yield* Effect.forkChild(appender.append(bytes('1')))
    yield* untilSeen(`HPUB ${log.subject('ingest', id).subject}`, 2)
    while ((yield* stored(id)).length < 2) yield* Effect.sleep(10)
    proxy.reset()
    proxy.heal()
    expect(yield* Fiber.join(unacknowledged)).toBe(first + 1)
    expect(yield* appender.append(bytes('2'))).toBe(first + 2)
    expect(yield* stored(id)).toEqual(['0', '1', '2'])
  })))

it.live('a publish that has timed out and lands later is stored once', () =>
  through(Effect.gen(function* () {
    const log = yield* Log
    const id = newId()
    const appender = log.appender(log.subject('media', id), 0)
    proxy.travel({ delay_ms: 1_300 }, 'requests')
    yield* appender.append(bytes('0'))
    proxy.heal()
    yield* appender.append(bytes('1'))
    expect(yield* stored(id)).toEqual(['0', '1'])
  })))

it.live('a publish that lands after a successor has written changes nothing', () =>
  through(Effect.gen(function* () {
    const log = yield* Log
    const id = newId()
    const at = log.subject('media', id)
    const owner = log.appender(at, 0)
    const seq = yield* owner.append(bytes('0'))
    proxy.travel({ held: true }, 'requests')
    const late = yield* Effect.forkChild(Effect.flip(owner.append(bytes('of the old owner'))))
    yield* untilSeen(`HPUB ${at.subject}`, 2)
    yield* past(Effect.flatMap(Log, (other) => other.appender(at, seq).append(bytes('of the new owner'))))
    proxy.heal()
    expect((yield* Fiber.join(late))._tag).toBe('Fenced')
    expect(yield* stored(id)).toEqual(['0', 'of the new owner'])
  })))

it.live('a connection that leads nowhere is found out within its pings, and what waited is stored once', () =>
  through(Effect.gen(function* () {
    const log = yield* Log
    const nats = yield* Nats
    const id = newId()
    const appender = log.appender(log.subject('ingest', id), 0)
    yield* appender.append(bytes('0'))
    proxy.blackHole()
    const begun_ms = performance.now()
    const waiting = yield* Effect.forkChild(appender.append(bytes('1')))
    while (nats.connected()) yield* Effect.sleep(20)
    expect(performance.now() - begun_ms).toBeLessThan((PINGS_UNANSWERED_MAX + 2) * PING_MS)
    proxy.heal()
    yield* Fiber.join(waiting)
    expect(yield* stored(id)).toEqual(['0', '1'])
  })))

it.live('a claim, and giving it up, count also where the answer is lost', () =>
  Effect.gen(function* () {
    const claims = yield* Claims
    const { leases } = yield* Buckets
    const key = `made_up.${newId()}`
    losing = `PUB $KV.leases.${key}`
    const claimed = yield* claims.claim(key)
    const held = yield* leases.get(key)
    expect(claimed).toEqual({ _tag: 'Claimed', revision: held?.revision })
    expect(losing).toBeUndefined()
    losing = `PUB $KV.leases.${key}`
    yield* claims.giveUp(key, held?.revision ?? 0)
    expect(losing).toBeUndefined()
    expect(yield* leases.get(key)).toBeUndefined()
  }).pipe(Effect.provide(testNodeLayer(testSettings(proxy.through(url))))))

it.live('nothing that is published carries a message id, so that no window of deduplication decides anything', () =>
  through(Effect.gen(function* () {
    const log = yield* Log
    const { nodes } = yield* Buckets
    const appender = log.appender(log.subject('ingest', newId()), 0)
    yield* appender.append(bytes('0'))
    yield* log.publish(`events.${newId()}.made_up`, bytes('0'))
    const key = newId()
    const revision = yield* nodes.create(key, create(NodeStateSchema, { node: key }))
    yield* nodes.remove(key, yield* nodes.update(key, create(NodeStateSchema, { node: key }), revision))
    expect(requests).toContain('HPUB')
    expect(requests).not.toContain('Nats-Msg-Id')
  })))
