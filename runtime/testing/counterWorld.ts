import { create } from '@bufbuild/protobuf'
import { Effect } from 'effect'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../Bucket.ts'
import { Log } from '../Log.ts'
import { tell } from '../Tell.ts'
import { counterCodec, type CounterRecord } from './counter.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Waits until `check` gives something, asking every 20 ms; dies after `deadline_ms`, saying what did not come. */
export const until = <A, E, R>(what: string | (() => string), check: Effect.Effect<A | undefined | false, E, R>, deadline_ms = 15_000): Effect.Effect<A, E, R> => {
  const began_ms = performance.now()
  const again: Effect.Effect<A, E, R> = Effect.flatMap(check, (found) => {
    if (found !== undefined && found !== false) return Effect.succeed(found)
    if (performance.now() - began_ms > deadline_ms) return Effect.die(new Error(`not within ${deadline_ms} ms: ${typeof what === 'string' ? what : what()}`))
    return Effect.andThen(Effect.sleep(20), again)
  })
  return again
}

/** Makes a counter wanted, with a hint unless it is left to the sweep. */
export const wantCounter = (id: string, hint = true) =>
  Effect.gen(function* () {
    const { streams } = yield* Buckets
    yield* streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE }))
    if (hint) yield* tell('counter', id)
  })

/** Appends each text to the counter's inbox, as a publisher would: by compare-and-set behind the newest entry. */
export const feed = (id: string, texts: Iterable<string>) =>
  Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('ingest', id)
    const appender = log.appender(at, (yield* log.head(at))?.seq ?? 0)
    for (const text of texts) yield* appender.append(bytes(text))
  })

/** The numbers from `from` below `to`, as texts. */
export const numbers = (from: number, to: number): ReadonlyArray<string> => Array.from({ length: to - from }, (_, i) => String(from + i))

/** Everything that the counter has written. */
export const history = (id: string) =>
  Effect.gen(function* () {
    const log = yield* Log
    const entries = yield* log.read(log.subject('media', id), 1, Number.MAX_SAFE_INTEGER)
    return entries.map(({ data, seq }): CounterRecord => counterCodec.decode(data, seq))
  })

/** Waits until the counter has counted `count` numbers; gives its newest record. */
export const untilCounted = (id: string, count: number, deadline_ms?: number) =>
  until(`${count} numbers counted by ${id}`, Effect.gen(function* () {
    const log = yield* Log
    const head = yield* log.head(log.subject('media', id))
    const record = head === undefined ? undefined : counterCodec.decode(head.data, head.seq)
    return record !== undefined && record.count >= count ? record : undefined
  }), deadline_ms)

/** Node that has the counter's lease. */
export const ownerOf = (id: string) => Effect.flatMap(Buckets, ({ leases }) => Effect.map(leases.get(`counter.${id}`), (lease) => lease?.value.node))
