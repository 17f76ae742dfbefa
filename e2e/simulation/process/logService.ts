import { Deferred, Effect } from 'effect'
import type { AppendInput } from '../../../runtime/append.ts'
import { appenderOver, type AppendPort } from '../../../runtime/Appender.ts'
import { LogFull, LogUnavailable } from '../../../runtime/errors.ts'
import { API_TIMEOUT_MS, APPEND_TIMEOUT_MS } from '../../../runtime/limits.ts'
import { Log, type LogEntry, type LogSubject } from '../../../runtime/Log.ts'
import { logSubject } from '../../../runtime/topology.ts'
import type { NatsServer, PublishReply } from '../server/NatsServer.ts'
import type { StoredMessage } from '../server/SimulatedLog.ts'
import { ARCHIVE_CONSUMER } from '../../../runtime/Janitor.ts'
import { LogReader } from './LogReader.ts'
import type { NatsSide } from './NatsSide.ts'
import { askNats } from './request.ts'
import type { SimulatedProcess } from './SimulatedProcess.ts'

const entryOf = ({ seq, subject, data, time_ms }: StoredMessage): LogEntry => ({ seq, subject, data, time_ms })

const asInput = (reply: PublishReply): AppendInput => ('seq' in reply ? { _tag: 'Acked', seq: reply.seq } : { _tag: 'Refused', ...reply })

/** The log as programs know it, over the simulated server. Appends run the real appender. */
export const logService = (side: NatsSide): Log['Service'] => {
  const { process, server, shards } = side
  const request = <A>(operation: string, apply: () => A): Effect.Effect<A, LogUnavailable> =>
    Effect.flatMap(askNats(process, server, side.weather, API_TIMEOUT_MS, apply), (outcome) =>
      outcome._tag === 'Answer' ? Effect.succeed(outcome.value) : new LogUnavailable({ operation, reason: 'no answer' }))
  const publish = (at: { readonly subject: string }, data: Uint8Array, expected: number | undefined, recordId: string): Effect.Effect<AppendInput> => {
    // On its way it is a copy, whatever becomes of the sender's buffer.
    const sent = data.slice()
    return Effect.map(
      askNats(process, server, side.weather, APPEND_TIMEOUT_MS, () => server.publish(server.logOf(at.subject), at.subject, sent, recordId, expected, process.name)),
      (outcome): AppendInput => (outcome._tag === 'Answer' ? asInput(outcome.value) : { _tag: 'Unknown' })
    )
  }
  let records = 0
  const port: AppendPort = {
    publish,
    head: (at) => request(`head of ${at.subject}`, () => server.log(at.log).head(at.subject)),
    newRecordId: () => `${process.name}/${(records += 1)}`,
    connected: () => process.nats.connected,
    whenConnected: whenConnected(process),
    messageBytesMax: side.messageBytesMax
  }
  return Log.of({
    subject: (log, id) => logSubject(log, id, shards),
    connected: () => process.nats.connected,
    head: (at) => Effect.map(request(`head of ${at.subject}`, () => server.log(at.log).head(at.subject)), (found) => found && entryOf(found)),
    appender: appenderOver(port),
    publish: (subject, data) => Effect.flatMap(publish({ subject }, data, undefined, ''), (input) => published(subject, input)),
    read: (at, from, to) => request(`read ${at.subject}`, () => range(server, at, from, to)),
    follow: (at, from, onEntry) => Effect.asVoid(openReader(side, at, from, false, onEntry)),
    mailbox: (at, _consumer, from, onEntry) =>
      Effect.map(openReader(side, at, from, true, onEntry), (reader) => ({ more: () => reader.more(), acknowledgeThrough: () => undefined })),
    usage: (name) =>
      request(`usage of ${name}`, () => {
        const log = server.logs.get(name)
        // Buckets are of no size here.
        if (log === undefined) return { messages: 0, bytes: 0, bytesMax: 0, firstSeq: 1, lastSeq: 0 }
        return { messages: log.count, bytes: log.bytes, bytesMax: log.bytesMax, firstSeq: log.firstSeq, lastSeq: log.lastSeq }
      }),
    removeMailbox: () => Effect.void,
    subjects: (name) => request(`subjects of ${name}`, () => ({ firstSeq: server.log(name).firstSeq, messages: server.log(name).subjects() })),
    purge: (name, before, subject) => request(`purge ${name}`, () => server.purge(name, before, subject, process.name)),
    acknowledgedThrough: () => request('progress of the archive', () => server.queues.get(ARCHIVE_CONSUMER)?.acknowledgedThrough ?? 0),
    messageBytesMax: side.messageBytesMax
  })
}

/** Waits until the process is connected. */
export const whenConnected = (process: SimulatedProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (process.nats.connected) return resume(Effect.void)
    const forget = process.nats.onReconnect(() => {
      forget()
      resume(Effect.void)
    })
    return Effect.sync(forget)
  })

const published = (subject: string, input: AppendInput): Effect.Effect<number, LogFull | LogUnavailable> => {
  if (input._tag === 'Acked') return Effect.succeed(input.seq)
  if (input._tag === 'Refused') return new LogFull({ subject, code: input.code, description: input.description })
  return new LogUnavailable({ operation: `publish ${subject}`, reason: 'no answer' })
}

const range = (server: NatsServer, at: LogSubject, from: number, to: number): ReadonlyArray<LogEntry> =>
  server.log(at.log).from(from, Number.MAX_SAFE_INTEGER, at.subject).filter(({ seq }) => seq <= to).map(entryOf)

const openReader = (side: NatsSide, at: LogSubject, from: number, manual: boolean, onEntry: (entry: LogEntry) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const fetch = (cursor: number, limit: number): ReadonlyArray<StoredMessage> => side.server.log(at.log).from(cursor, limit, at.subject)
      return new LogReader<StoredMessage>(side, at.log, { from, manual, fetch, next: ({ seq }) => seq + 1, onEntry: (message) => onEntry(entryOf(message)) })
    }),
    (reader) => Effect.sync(() => reader.close())
  )

/** Resolves once everything that a reader has fetched so far is there. */
export const caughtUp = (reader: { readonly onceCaughtUp: (callback: () => void) => void }): Effect.Effect<void> =>
  Effect.gen(function* () {
    const done = yield* Deferred.make<void>()
    reader.onceCaughtUp(() => Deferred.doneUnsafe(done, Effect.void))
    yield* Deferred.await(done)
  })
