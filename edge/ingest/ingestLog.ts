import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect, Result, Schedule } from 'effect'
import { decodeIngestRecord } from '../../actors/inbox/ingestRecord.ts'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import type { IngestRecord } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { LogFull, LogUnavailable } from '../../runtime/errors.ts'
import { newId } from '../../runtime/ids.ts'
import type { Appender, AppendError, Log } from '../../runtime/Log.ts'
import { newestReadable } from '../../runtime/newestReadable.ts'
import { subjects } from '../../runtime/topology.ts'
import { encodeIngest } from './encodeIngest.ts'
import type { FramePool } from './FramePool.ts'
import { type EpochPosition, readIngestHead, readStoredHalf } from './ingestHead.ts'
import { NOTICE_ATTEMPTS_MAX, READ_RETRY_MS } from './limits.ts'
import type { IngestBody, SessionInput } from './sessionState.ts'

type LogService = Log['Service']

/** Repeats a request for as long as NATS does not answer; the session's own deadline ends it. */
export const untilAnswered = <A>(request: Effect.Effect<A, LogUnavailable>): Effect.Effect<A> =>
  request.pipe(Effect.retry(Schedule.spaced(READ_RETRY_MS)), Effect.orDie)

/** A record of no known kind says as little of where its stream stands as one that cannot be decoded. */
const decode = (data: Uint8Array): IngestRecord => {
  const record = decodeIngestRecord(data)
  if (record.body.case === undefined) throw new Error('a record of the inbox is of no known kind')
  return record
}

/**
 * What the newest record of a stream's ingest log says, and the sequence of its head. Where the head is damaged, that is
 * the newest record before it: its publisher is asked again for what the damaged ones held, as far as it has that.
 */
export const findHead = (log: LogService, id: string): Effect.Effect<SessionInput> =>
  untilAnswered(
    Effect.gen(function* () {
      const at = log.subject('ingest', id)
      const entry = yield* log.head(at)
      if (entry === undefined) return { _tag: 'HeadFound', head: readIngestHead(undefined, 0), seq: 0, damaged: false }
      const newest = yield* newestReadable(log, at, entry, decode)
      if (Result.isFailure(newest)) return { _tag: 'HeadFound', head: { _tag: 'Unreadable' }, seq: entry.seq, damaged: true }
      return { _tag: 'HeadFound', head: readIngestHead(newest.success.record, newest.success.seq), seq: entry.seq, damaged: newest.success.seq !== entry.seq }
    })
  )

/** The stored pieces of a frame that was stored by half, as far as they can be read. */
export const findHalf = (log: LogService, id: string, position: EpochPosition, to: number): Effect.Effect<SessionInput> =>
  untilAnswered(log.read(log.subject('ingest', id), position.halfFirstSeq, to)).pipe(
    Effect.map((entries) => {
      const records = entries.map(({ data }) => Result.try(() => decode(data))).filter(Result.isSuccess).map(({ success }) => success)
      const found = readStoredHalf(position, records)
      return found === undefined ? { _tag: 'HalfMissing' } : { _tag: 'HalfFound', ...found }
    })
  )

const REFUSALS = { Fenced: 'Fenced', HeadLost: 'HeadLost', LogFull: 'Full', RecordTooBig: 'TooBig' } as const

/**
 * Appends one record; resolves only when it is known whether it is stored. Its buffer goes back to the pool where nobody
 * can read it any more.
 */
export const append = (appender: Appender, frames: FramePool, received_ms: number, body: IngestBody): Effect.Effect<SessionInput> =>
  Effect.suspend(() => appender.append(encodeIngest(received_ms, body, frames), (record) => frames.giveBack(record))).pipe(
    Effect.map((seq): SessionInput => ({ _tag: 'Stored', seq })),
    Effect.catch((error: AppendError) => Effect.succeed<SessionInput>({ _tag: 'Refused', why: REFUSALS[error._tag] }))
  )

/** Length of a finished stream, ms, as its media log says; 0 while it is not finished, or where its head cannot be read. */
export const finishedDuration = (log: LogService, id: string): Effect.Effect<number, LogUnavailable> =>
  Effect.map(log.head(log.subject('media', id)), (entry) => {
    const record = entry === undefined ? undefined : Result.getOrUndefined(Result.try(() => fromBinary(MediaRecordSchema, entry.data)))
    return record?.body.case === 'end' ? Number(record.body.value.durationMs) : 0
  })

/** A stream began, or a publisher came or went. */
export type PublisherEvent =
  | { readonly case: 'streamStarted'; readonly value: { readonly title: string } }
  | { readonly case: 'publisherConnected'; readonly value: { readonly session: number; readonly epoch: number } }
  | { readonly case: 'publisherDisconnected'; readonly value: { readonly session: number } }

const EVENT_KINDS = { streamStarted: 'stream_started', publisherConnected: 'publisher_connected', publisherDisconnected: 'publisher_disconnected' } as const

/** What each is called in this process's own log. */
export const SAID: Readonly<Record<PublisherEvent['case'], string>> = { streamStarted: 'stream started', publisherConnected: 'publisher connected', publisherDisconnected: 'publisher disconnected' }

/** Announces what nothing durable hangs on; fails when NATS did not take it. */
export const announce = Effect.fnUntraced(function* (log: LogService, id: string, event: PublisherEvent): Effect.fn.Return<void, LogFull | LogUnavailable> {
  const at_ms = yield* Clock.currentTimeMillis
  const message = create(StreamEventSchema, { eventId: newId(), streamId: id, atMs: BigInt(at_ms), event })
  yield* log.publish(subjects.event(id, EVENT_KINDS[event.case]), toBinary(StreamEventSchema, message))
})

/** Tries a notice a few times, then says in the log that it was not delivered. */
export const bestEffort = <E>(what: string, notice: Effect.Effect<void, E>): Effect.Effect<void> =>
  notice.pipe(
    Effect.retry({ times: NOTICE_ATTEMPTS_MAX - 1, schedule: Schedule.spaced(READ_RETRY_MS) }),
    Effect.catch((error) => Effect.logWarning(`${what} was not delivered`, error))
  )
