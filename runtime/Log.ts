import { Context, Deferred, Effect, Layer, Schema, type Scope } from 'effect'
import { headers, type MsgHdrs, NatsError, nuid, type StoredMsg } from 'nats'
import { type AppendInput, beginAppend, decideAppend } from './append.ts'
import { type Appender, type AppendPort, appenderOver } from './Appender.ts'
import { LogFull, LogUnavailable } from './errors.ts'
import { API_TIMEOUT_MS, APPEND_TIMEOUT_MS } from './limits.ts'
import { apiCode, ask, Nats } from './Nats.ts'
import { type LogEntry, PullReader } from './PullReader.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { type LogSubject, logSubject, type StreamLog } from './topology.ts'

export type { Appender, AppendError } from './Appender.ts'
export type { LogEntry } from './PullReader.ts'
export type { LogSubject } from './topology.ts'

const MESSAGE_NOT_FOUND = 10037
const CONSUMER_NOT_FOUND = 10014
const RECORD_ID_HEADER = 'Millrace-Record-Id'

/** A reader that takes bytes only as it is granted them. */
export interface Mailbox {
  readonly more: () => void
  /** Shows in the consumer how far the actor's checkpoint has come. */
  readonly acknowledgeThrough: (seq: number) => void
}

/** How much a log holds. */
export interface LogUsage {
  readonly messages: number
  readonly bytes: number
  /** Bytes that it may hold; a log that is nearly full refuses what is appended. */
  readonly bytesMax: number
  /** Sequence of the oldest message; behind `lastSeq` where there is none. */
  readonly firstSeq: number
  /** Sequence of the newest message that it ever had; 0 for none. */
  readonly lastSeq: number
}

/** What stands in a log, by subject. */
export interface LogSubjects {
  readonly firstSeq: number
  readonly messages: Readonly<Record<string, number>>
}

/** The logs: append by compare-and-set, publish, read the head, read a range, follow. */
export class Log extends Context.Service<Log, {
  readonly subject: (log: StreamLog, id: string) => LogSubject
  /** Whether this process is connected to NATS, as far as it knows. */
  readonly connected: () => boolean
  /** Newest entry of a subject, or undefined. Asks the leader, never a replica. */
  readonly head: (at: LogSubject) => Effect.Effect<LogEntry | undefined, LogUnavailable>
  readonly appender: (at: LogSubject, expected: number) => Appender
  /** Publishes without compare-and-set; resolves when stored. A lost reply fails with LogUnavailable: the caller may send again. */
  readonly publish: (subject: string, data: Uint8Array) => Effect.Effect<number, LogFull | LogUnavailable>
  /** Entries of a subject with `from` ≤ seq ≤ `to`. Ends at `to` or at the head, whichever is first. */
  readonly read: (at: LogSubject, from: number, to: number) => Effect.Effect<ReadonlyArray<LogEntry>, LogUnavailable>
  /** Calls `onEntry` with every entry from `from` on, once and in order, until the scope closes. */
  readonly follow: (at: LogSubject, from: number, onEntry: (entry: LogEntry) => void) => Effect.Effect<void, never, Scope.Scope>
  /** As `follow`, through a named consumer and only as fast as `more` is called. */
  readonly mailbox: (at: LogSubject, consumer: string, from: number, onEntry: (entry: LogEntry) => void) => Effect.Effect<Mailbox, never, Scope.Scope>
  /** How full a log is, by the name of its JetStream stream. */
  readonly usage: (log: string) => Effect.Effect<LogUsage, LogUnavailable>
  /** Removes the consumer of a mailbox that an earlier owner of the actor has left behind. */
  readonly removeMailbox: (at: LogSubject, consumer: string) => Effect.Effect<void, LogUnavailable>
  /** Messages of each subject of a log. */
  readonly subjects: (log: string) => Effect.Effect<LogSubjects, LogUnavailable>
  /** Removes all messages before a sequence, of one subject where it is given; resolves with how many went. */
  readonly purge: (log: string, before: number, subject?: string) => Effect.Effect<number, LogUnavailable>
  /** Sequence up to which a named consumer has acknowledged everything; 0 where there is no such consumer. */
  readonly acknowledgedThrough: (log: string, consumer: string) => Effect.Effect<number, LogUnavailable>
  /** Largest record that one message can carry, bytes, room for its own fields and headers included. */
  readonly messageBytesMax: number
}>()('millrace/runtime/Log') {
  static readonly layer = Layer.effect(
    Log,
    Effect.gen(function* () {
      const nats = yield* Nats
      const { shards } = yield* RuntimeSettings
      const context = yield* Effect.context()
      const trouble = (at: LogSubject) => (reason: string) => {
        Effect.runForkWith(context)(Effect.logWarning('log reader', { subject: at.subject, reason }))
      }
      const open = (at: LogSubject, from: number, onEntry: (entry: LogEntry) => void, consumer?: string): Effect.Effect<PullReader, never, Scope.Scope> =>
        Effect.acquireRelease(
          Effect.sync(() => new PullReader(nats, { at, from, onEntry, onTrouble: trouble(at), ...(consumer === undefined ? { manual: false } : { consumer, manual: true }) })),
          (reader) => Effect.promise(() => reader.close())
        )
      const head = readHead(nats)
      return Log.of({
        subject: (log, id) => logSubject(log, id, shards),
        connected: nats.connected,
        head: (at) => Effect.map(head(at), (stored) => stored?.entry),
        appender: appenderOver(appendPort(nats, head)),
        publish: publishOnce(nats),
        read: readRange(head, open),
        follow: (at, from, onEntry) => Effect.asVoid(open(at, from, onEntry)),
        mailbox: (at, consumer, from, onEntry) =>
          Effect.map(open(at, from, onEntry, consumer), (reader) => ({ more: () => reader.more(), acknowledgeThrough: (seq) => reader.acknowledgeThrough(seq) })),
        usage: (log) =>
          Effect.map(ask(`usage of ${log}`, () => nats.manager.streams.info(log)), ({ config, state }) => ({
            messages: state.messages, bytes: state.bytes, bytesMax: config.max_bytes, firstSeq: state.first_seq, lastSeq: state.last_seq
          })),
        ...upkeep(nats),
        messageBytesMax: nats.payloadMax
      })
    })
  )
}

type Upkeep = Pick<Log['Service'], 'removeMailbox' | 'subjects' | 'purge' | 'acknowledgedThrough'>

const upkeep = ({ manager }: Nats['Service']): Upkeep => ({
  removeMailbox: (at, consumer) => Effect.asVoid(ask(`remove consumer ${consumer}`, () => manager.consumers.delete(at.log, consumer))),
  subjects: (log) =>
    Effect.map(ask(`subjects of ${log}`, () => manager.streams.info(log, { subjects_filter: '>' })), ({ state }) => ({ firstSeq: state.first_seq, messages: state.subjects ?? {} })),
  purge: (log, before, subject) =>
    Effect.map(ask(`purge ${log}`, () => manager.streams.purge(log, { seq: before, ...(subject === undefined ? {} : { filter: subject }) })), ({ purged }) => purged),
  acknowledgedThrough: (log, consumer) =>
    ask(`progress of ${consumer}`, async () => {
      try {
        return (await manager.consumers.info(log, consumer)).ack_floor.stream_seq
      } catch (cause) {
        if (apiCode(cause) === CONSUMER_NOT_FOUND) return 0
        throw cause
      }
    })
})

interface StoredHead {
  readonly entry: LogEntry
  readonly recordId: string
}
type ReadHead = (at: LogSubject) => Effect.Effect<StoredHead | undefined, LogUnavailable>

const readHead = (nats: Nats['Service']): ReadHead => (at) =>
  ask(`head of ${at.subject}`, async () => {
    try {
      return stored(await nats.manager.streams.getMessage(at.log, { last_by_subj: at.subject }))
    } catch (cause) {
      if (apiCode(cause) === MESSAGE_NOT_FOUND || (cause instanceof NatsError && cause.code === '404')) return undefined
      throw cause
    }
  })

const stored = (message: StoredMsg): StoredHead => ({
  entry: { seq: message.seq, subject: message.subject, data: message.data, time_ms: message.time.getTime() },
  recordId: message.header.get(RECORD_ID_HEADER)
})

const Reply = Schema.fromJsonString(Schema.Struct({
  seq: Schema.optionalKey(Schema.Number),
  error: Schema.optionalKey(Schema.Struct({ err_code: Schema.optionalKey(Schema.Number), description: Schema.optionalKey(Schema.String) }))
}))
const decodeReply = Schema.decodeUnknownSync(Reply)

/** One publish to JetStream; what came of it as a value, never a failure. */
const send = (nats: Nats['Service'], subject: string, data: Uint8Array, hdrs?: MsgHdrs): Effect.Effect<AppendInput> =>
  Effect.promise(async () => {
    try {
      const message = await nats.connection.request(subject, data, { timeout: APPEND_TIMEOUT_MS, ...(hdrs === undefined ? {} : { headers: hdrs }) })
      const reply = decodeReply(message.string())
      if (reply.seq !== undefined && reply.error === undefined) return { _tag: 'Acked', seq: reply.seq }
      return { _tag: 'Refused', code: reply.error?.err_code ?? 0, description: reply.error?.description ?? 'no reason given' }
    } catch (cause) {
      return cause instanceof NatsError && cause.code === 'MAX_PAYLOAD_EXCEEDED' ? { _tag: 'Refused', code: 10054, description: cause.code } : { _tag: 'Unknown' }
    }
  })

const appendPort = (nats: Nats['Service'], head: ReadHead): AppendPort => ({
  publish: (at, data, expected, recordId) => send(nats, at.subject, data, expectation(at, expected, recordId)),
  head: (at) => Effect.map(head(at), (found) => (found === undefined ? undefined : { seq: found.entry.seq, recordId: found.recordId })),
  newRecordId: () => nuid.next(),
  connected: nats.connected,
  whenConnected: nats.whenConnected,
  messageBytesMax: nats.payloadMax
})

const expectation = (at: LogSubject, expected: number, recordId: string): MsgHdrs => {
  const hdrs = headers()
  hdrs.set('Nats-Expected-Stream', at.log)
  hdrs.set('Nats-Expected-Last-Subject-Sequence', String(expected))
  hdrs.set(RECORD_ID_HEADER, recordId)
  return hdrs
}

const publishOnce = (nats: Nats['Service']) =>
  Effect.fnUntraced(function* (subject: string, data: Uint8Array): Effect.fn.Return<number, LogFull | LogUnavailable> {
    const input = yield* send(nats, subject, data)
    if (input._tag === 'Acked') return input.seq
    if (input._tag !== 'Refused') return yield* new LogUnavailable({ operation: `publish ${subject}`, reason: 'no answer' })
    const { step } = decideAppend({ ...beginAppend('', 0), fullAttempts: Number.MAX_SAFE_INTEGER }, input)
    if (step._tag === 'Full') return yield* new LogFull({ subject, code: input.code, description: input.description })
    return yield* new LogUnavailable({ operation: `publish ${subject}`, reason: input.description })
  })

type Open = (at: LogSubject, from: number, onEntry: (entry: LogEntry) => void) => Effect.Effect<PullReader, never, Scope.Scope>

const readRange = (head: ReadHead, open: Open) =>
  Effect.fnUntraced(function* (at: LogSubject, from: number, to: number): Effect.fn.Return<ReadonlyArray<LogEntry>, LogUnavailable> {
    const newest = (yield* head(at))?.entry.seq ?? 0
    const last = Math.min(newest, to)
    if (last < from) return []
    const entries: Array<LogEntry> = []
    const complete = yield* Deferred.make<void>()
    const onEntry = (entry: LogEntry): void => {
      if (entry.seq <= to) entries.push(entry)
      if (entry.seq >= last) Deferred.doneUnsafe(complete, Effect.void)
    }
    return yield* open(at, from, onEntry).pipe(
      Effect.andThen(Deferred.await(complete)),
      Effect.timeoutOrElse({ duration: API_TIMEOUT_MS, orElse: () => new LogUnavailable({ operation: `read ${at.subject}`, reason: 'no answer' }) }),
      Effect.scoped,
      Effect.as(entries)
    )
  })
