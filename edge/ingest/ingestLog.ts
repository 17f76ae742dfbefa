import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect, Schedule } from 'effect'
import { StreamEventSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import { IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { LogFull, LogUnavailable } from '../../runtime/errors.ts'
import { newId } from '../../runtime/ids.ts'
import type { Appender, AppendError, Log } from '../../runtime/Log.ts'
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

/** The newest record of a stream's ingest log. */
export const findHead = (log: LogService, id: string): Effect.Effect<SessionInput> =>
  untilAnswered(log.head(log.subject('ingest', id))).pipe(
    Effect.map((entry) => ({
      _tag: 'HeadFound',
      head: readIngestHead(entry === undefined ? undefined : fromBinary(IngestRecordSchema, entry.data), entry?.seq ?? 0),
      seq: entry?.seq ?? 0
    }))
  )

/** The stored pieces of a frame that was stored by half. */
export const findHalf = (log: LogService, id: string, position: EpochPosition, to: number): Effect.Effect<SessionInput> =>
  untilAnswered(log.read(log.subject('ingest', id), position.halfFirstSeq, to)).pipe(
    Effect.map((entries) => {
      const found = readStoredHalf(position, entries.map((entry) => fromBinary(IngestRecordSchema, entry.data)))
      return found === undefined ? { _tag: 'HalfMissing' } : { _tag: 'HalfFound', ...found }
    })
  )

const REFUSALS = { Fenced: 'Fenced', HeadLost: 'HeadLost', LogFull: 'Full', RecordTooBig: 'TooBig' } as const

/**
 * Appends one record; resolves only when it is known whether it is stored. The buffer of an undivided frame goes back to
 * the pool where nobody can read it any more.
 */
export const append = (appender: Appender, frames: FramePool, received_ms: number, body: IngestBody): Effect.Effect<SessionInput> =>
  appender.append(encodeIngest(received_ms, body, (frame) => frames.headroom(frame)), (record) => frames.giveBack(record)).pipe(
    Effect.map((seq): SessionInput => ({ _tag: 'Stored', seq })),
    Effect.catch((error: AppendError) => Effect.succeed<SessionInput>({ _tag: 'Refused', why: REFUSALS[error._tag] }))
  )

/** Length of a finished stream, ms, as its media log says; 0 while it is not finished. */
export const finishedDuration = (log: LogService, id: string): Effect.Effect<number, LogUnavailable> =>
  Effect.map(log.head(log.subject('media', id)), (entry) => {
    const body = entry === undefined ? undefined : fromBinary(MediaRecordSchema, entry.data).body
    return body?.case === 'end' ? Number(body.value.durationMs) : 0
  })

/** A publisher came or went. */
export type PublisherEvent =
  | { readonly case: 'publisherConnected'; readonly value: { readonly session: number; readonly epoch: number } }
  | { readonly case: 'publisherDisconnected'; readonly value: { readonly session: number } }

const EVENT_KINDS = { publisherConnected: 'publisher_connected', publisherDisconnected: 'publisher_disconnected' } as const

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
