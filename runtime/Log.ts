import { Context, Deferred, Effect, Layer, Schema, type Scope } from 'effect'
import { headers, type MsgHdrs, NatsError, nuid, type StoredMsg } from 'nats'
import { type AppendInput, type AppendStep, beginAppend, decideAppend } from './append.ts'
import { Fenced, HeadLost, LogFull, LogUnavailable, RecordTooBig } from './errors.ts'
import { API_TIMEOUT_MS, APPEND_TIMEOUT_MS, APPEND_WARN_ATTEMPTS } from './limits.ts'
import { apiCode, ask, Nats } from './Nats.ts'
import { type LogEntry, PullReader } from './PullReader.ts'
import { RuntimeSettings } from './RuntimeSettings.ts'
import { type LogSubject, logSubject } from './topology.ts'

export type { LogEntry } from './PullReader.ts'
export type { LogSubject } from './topology.ts'

const MESSAGE_NOT_FOUND = 10037
const RECORD_ID_HEADER = 'Millrace-Record-Id'

/** Why an append did not store its record. */
export type AppendError = Fenced | HeadLost | LogFull | RecordTooBig

/** A chain of compare-and-set appends to one subject, one in flight. Calls are made one after another. */
export interface Appender {
  /**
   * Appends a record; resolves with its sequence once it is known to be stored. Unknown outcomes are resolved by looking
   * at the head, where a header with an id of the record's own tells, for as long as NATS is away.
   *
   * `onUnread` is called with `data` when it is certain that nobody will read it any more, so that its bytes may be
   * overwritten: the server has acknowledged the one time that it was sent. It is not called where the outcome was ever in
   * doubt, since some of the bytes may then still be waiting to leave.
   */
  readonly append: (data: Uint8Array, onUnread?: (data: Uint8Array) => void) => Effect.Effect<number, AppendError>
  /** Sequence of the subject's head as this writer knows it; 0 where nothing is there. */
  readonly expected: () => number
}

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
  /** Sequence of the newest message that it ever had; 0 for none. */
  readonly lastSeq: number
}

/** The logs: append by compare-and-set, publish, read the head, read a range, follow. */
export class Log extends Context.Service<Log, {
  readonly subject: (log: 'ingest' | 'media' | 'segments', id: string) => LogSubject
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
        head: (at) => Effect.map(head(at), (stored) => stored?.entry),
        appender: makeAppender(nats, head),
        publish: publishOnce(nats),
        read: readRange(head, open),
        follow: (at, from, onEntry) => Effect.asVoid(open(at, from, onEntry)),
        mailbox: (at, consumer, from, onEntry) =>
          Effect.map(open(at, from, onEntry, consumer), (reader) => ({ more: () => reader.more(), acknowledgeThrough: (seq) => reader.acknowledgeThrough(seq) })),
        usage: (log) =>
          Effect.map(ask(`usage of ${log}`, () => nats.manager.streams.info(log)), ({ config, state }) => ({
            messages: state.messages, bytes: state.bytes, bytesMax: config.max_bytes, lastSeq: state.last_seq
          })),
        messageBytesMax: nats.payloadMax
      })
    })
  )
}

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

const makeAppender = (nats: Nats['Service'], head: ReadHead) => (at: LogSubject, start: number): Appender => {
  let expected = start
  const perform = (step: AppendStep & { _tag: 'Publish' | 'ReadHead' }, data: Uint8Array, recordId: string): Effect.Effect<AppendInput> =>
    step._tag === 'Publish' ? send(nats, at.subject, data, expectation(at, expected, recordId)) : lookUp(head, at)
  return {
    expected: () => expected,
    append: Effect.fnUntraced(function* (data, onUnread) {
      const recordId = nuid.next()
      let state = beginAppend(recordId, expected)
      let step: AppendStep = { _tag: 'Publish', wait_ms: 0 }
      let last: AppendInput = { _tag: 'Unknown' }
      while (step._tag === 'Publish' || step._tag === 'ReadHead') {
        if (step.wait_ms > 0) yield* Effect.sleep(step.wait_ms)
        if (!nats.connected()) yield* nats.whenConnected
        last = yield* perform(step, data, recordId)
        const next: ReturnType<typeof decideAppend> = decideAppend(state, last)
        if (next.state.attempts > state.attempts && next.state.attempts % APPEND_WARN_ATTEMPTS === 0) {
          yield* Effect.logWarning('append waits for the log', { subject: at.subject, attempts: next.state.attempts, last })
        }
        state = next.state
        step = next.step
      }
      switch (step._tag) {
        case 'Stored':
          expected = step.seq
          if (last._tag === 'Acked' && state.attempts + state.fullAttempts === 0) onUnread?.(data)
          return step.seq
        case 'Fenced':
          return yield* new Fenced({ subject: at.subject, expected, head: step.head })
        case 'HeadLost':
          return yield* new HeadLost({ subject: at.subject, expected })
        case 'Full':
          return yield* new LogFull({ subject: at.subject, code: step.code, description: step.description })
        case 'TooBig':
          return yield* new RecordTooBig({ subject: at.subject, bytes: data.byteLength, limit: nats.payloadMax })
      }
    })
  }
}

const expectation = (at: LogSubject, expected: number, recordId: string): MsgHdrs => {
  const hdrs = headers()
  hdrs.set('Nats-Expected-Stream', at.log)
  hdrs.set('Nats-Expected-Last-Subject-Sequence', String(expected))
  hdrs.set(RECORD_ID_HEADER, recordId)
  return hdrs
}

const lookUp = (head: ReadHead, at: LogSubject): Effect.Effect<AppendInput> =>
  head(at).pipe(
    Effect.map((found): AppendInput => (found === undefined ? { _tag: 'HeadAbsent' } : { _tag: 'Head', seq: found.entry.seq, recordId: found.recordId })),
    Effect.catch(() => Effect.succeed<AppendInput>({ _tag: 'HeadUnknown' }))
  )

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
