import { expect, it } from '@effect/vitest'
import { Effect, Fiber } from 'effect'
import { connect } from 'nats'
import { connectionOptions } from '../deploy/local/testing/natsOptions.ts'
import { startNats, natsUrl } from '../deploy/local/testing/services.ts'
import { newId } from './ids.ts'
import { APPEND_TIMEOUT_MS } from './limits.ts'
import { Log, type LogEntry } from './Log.ts'
import { runtimeLayer, testSettings } from './testing/runtimeLayer.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const texts = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<string> => entries.map((entry) => new TextDecoder().decode(entry.data))
const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(Effect.sleep(10), until(condition)))).pipe(Effect.timeout(15_000), Effect.orDie)

const withLog = <A, E>(use: Effect.Effect<A, E, Log>) => use.pipe(Effect.provide(runtimeLayer(testSettings(natsUrl()))))

it.live('appends in order and gives the newest entry back', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('ingest', newId())
    expect(yield* log.head(at)).toBeUndefined()
    const appender = log.appender(at, 0)
    const first = yield* appender.append(bytes('a'))
    const second = yield* appender.append(bytes('b'))
    expect(second).toBeGreaterThan(first)
    const head = yield* log.head(at)
    expect(head?.seq).toBe(second)
    expect(texts(yield* log.read(at, first, second))).toEqual(['a', 'b'])
    expect(texts(yield* log.read(at, second, second + 100))).toEqual(['b'])
  })))

it.live('fences a writer behind whom somebody else has written', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('media', newId())
    const old = log.appender(at, 0)
    const seq = yield* old.append(bytes('old'))
    yield* log.appender(at, seq).append(bytes('new'))
    const error = yield* Effect.flip(old.append(bytes('late')))
    expect(error._tag).toBe('Fenced')
    expect(texts(yield* log.read(at, 1, Number.MAX_SAFE_INTEGER))).toEqual(['old', 'new'])
  })))

it.live('follows from a sequence on, each entry once and in order', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('media', newId())
    const appender = log.appender(at, 0)
    const seen: Array<LogEntry> = []
    const first = yield* appender.append(bytes('0'))
    yield* log.follow(at, first, (entry) => seen.push(entry))
    for (let i = 1; i < 2_500; i++) yield* appender.append(bytes(String(i)))
    yield* until(() => seen.length >= 2_500)
    expect(texts(seen)).toEqual(Array.from({ length: 2_500 }, (_, i) => String(i)))
  }).pipe(Effect.scoped)))

it.live('leaves no consumer behind, also where following ends while it begins', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const connection = yield* Effect.promise(() => connect(connectionOptions(natsUrl())))
    const manager = yield* Effect.promise(() => connection.jetstreamManager())
    const at = log.subject('media', newId())
    const follow = Effect.scoped(log.follow(at, 1, () => undefined))
    const rounds = Array.from({ length: 50 }, (_, index) => Effect.andThen(Effect.sleep(index % 10), follow))
    yield* Effect.all(rounds, { concurrency: 10 })
    const left = yield* Effect.promise(() => manager.consumers.list(at.log).next())
    yield* Effect.promise(() => connection.close())
    expect(left.map(({ name }) => name)).toEqual([])
  })))

it.live('a mailbox gives no more than it was asked for', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('ingest', newId())
    const appender = log.appender(at, 0)
    for (let i = 0; i < 20; i++) yield* appender.append(new Uint8Array(1024 * 1024))
    const seen: Array<LogEntry> = []
    const mailbox = yield* log.mailbox(at, `mailbox-${newId()}`, 1, (entry) => seen.push(entry))
    yield* until(() => seen.length >= 7)
    yield* Effect.sleep(300)
    expect(seen.length).toBeLessThanOrEqual(8)
    mailbox.more()
    yield* until(() => seen.length >= 14)
    mailbox.more()
    yield* until(() => seen.length === 20)
  }).pipe(Effect.scoped)))

it.live('goes on after the server was killed and restarted, with nothing lost, doubled or out of order', () =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(Effect.promise(() => startNats()), (started) => Effect.promise(() => started.stop()))
    yield* Effect.gen(function* () {
      const log = yield* Log
      const at = log.subject('media', newId())
      const appender = log.appender(at, 0)
      const seen: Array<LogEntry> = []
      yield* log.follow(at, 1, (entry) => seen.push(entry))
      const acknowledged: Array<string> = []
      const writer = yield* Effect.forkChild(Effect.forEach(Array.from({ length: 3_000 }, (_, i) => String(i)), (text) =>
        Effect.map(appender.append(bytes(text)), () => acknowledged.push(text))))
      yield* until(() => acknowledged.length > 500)
      yield* Effect.promise(() => server.kill())
      yield* Effect.promise(() => server.restart())
      yield* until(() => acknowledged.length === 3_000)
      yield* until(() => seen.length >= 3_000)
      expect(texts(seen)).toEqual(acknowledged)
      expect(writer.pollUnsafe()?._tag).toBe('Success')
    }).pipe(Effect.provide(runtimeLayer(testSettings(server.url))))
  }).pipe(Effect.scoped), 60_000)

it.live('stores what a record said when it was appended, though its bytes are overwritten as soon as nobody reads them', () =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(Effect.promise(() => startNats()), (started) => Effect.promise(() => started.stop()))
    yield* Effect.gen(function* () {
      const log = yield* Log
      const perWriter = 60
      const free: Array<Uint8Array> = []
      const done = { appended: 0, reused: 0 }
      const write = Effect.fnUntraced(function* (writer: number) {
        const appender = log.appender(log.subject('ingest', `writer-${writer}`), 0)
        for (let record = 0; record < perWriter; record++) {
          const data = free.pop() ?? new Uint8Array(300_000)
          data.fill(record + 1)
          yield* appender.append(data, (unread) => {
            unread.fill(0xff)
            free.push(unread)
            done.reused += 1
          })
          done.appended += 1
        }
      })
      const writers = yield* Effect.forkChild(Effect.forEach(Array.from({ length: 8 }, (_, writer) => writer), write, { concurrency: 'unbounded' }))
      // Frozen for longer than an append waits: what was sent by half goes on when it thaws. Killed: it is sent anew.
      for (const through of [80, 160]) {
        yield* until(() => done.appended >= through)
        yield* Effect.promise(() => server.freeze())
        yield* Effect.sleep(APPEND_TIMEOUT_MS + 500)
        server.thaw()
      }
      yield* until(() => done.appended >= 260)
      yield* Effect.promise(() => server.kill())
      yield* Effect.promise(() => server.restart())
      yield* Fiber.join(writers)
      expect(done.reused).toBeGreaterThan(200)
      expect(done.reused).toBeLessThan(done.appended)
      for (let writer = 0; writer < 8; writer++) {
        const entries = yield* log.read(log.subject('ingest', `writer-${writer}`), 1, Number.MAX_SAFE_INTEGER)
        const said = entries.map(({ data }) => (data.length === 300_000 && data.every((byte) => byte === data[0]) ? data[0] : 'mixed'))
        expect(said).toEqual(Array.from({ length: perWriter }, (_, record) => record + 1))
      }
    }).pipe(Effect.provide(runtimeLayer(testSettings(server.url))))
  }).pipe(Effect.scoped), 60_000)

it.live('calls a record unread only where its one publish was acknowledged', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('media', newId())
    const unread: Array<string> = []
    const note = (data: Uint8Array): void => void unread.push(new TextDecoder().decode(data))
    const old = log.appender(at, 0)
    const seq = yield* old.append(bytes('old'), note)
    yield* log.appender(at, seq).append(bytes('new'), note)
    yield* Effect.flip(old.append(bytes('late'), note))
    expect(unread).toEqual(['old', 'new'])
  })))

it.live('reads a record of any size byte for byte, and holds no more than it', () =>
  withLog(Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('media', newId())
    const appender = log.appender(at, 0)
    const sizes = [0, 1, 65_000, 65_536, 131_072, 300_000, 1_000_003, 4_000_000]
    const records = sizes.map((size) => new Uint8Array(size).map((_, index) => (index * 2_654_435_761) >>> 24))
    for (const record of records) yield* appender.append(record)
    const entries = yield* log.read(at, 1, Number.MAX_SAFE_INTEGER)
    expect(entries.map(({ data }, index) => Buffer.compare(data, records[index] ?? data.subarray(1)))).toEqual(sizes.map(() => 0))
    const headerBytes_max = 1_000
    for (const { data } of entries.filter(({ data: { length } }) => length > 131_072)) expect(data.buffer.byteLength - data.length).toBeLessThan(headerBytes_max)
  })))
