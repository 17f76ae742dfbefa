import { Clock, Effect, Result } from 'effect'
import type { EndReason, IngestRecord } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import { decodeIngestRecord, encodeIngestRecord } from '../inbox/ingestRecord.ts'

const RETRY_MS = 500
/** A log that takes longer than this to say what its head is counts as away. */
const HEAD_WAIT_MS = 1_000

/**
 * Appends `End` to a stream's inbox, also to one in which nothing was ever written. With `ifHead` only where that is
 * still the newest record, and the log says so at once: a publisher who has come back meanwhile wins, and a window that
 * closed while NATS was away or the log was full, when nobody could come back, has not closed. Without, until it is there, whoever writes.
 * An inbox that has ended stays as it is; one whose newest record cannot be read has not ended.
 */
export const endIngest = (id: string, reason: EndReason, ifHead: number | undefined): Effect.Effect<void, never, Log> => {
  const once = ifHead === undefined ? append(id, reason, ifHead) : appendIfAnswered(id, reason, ifHead)
  return once.pipe(
    Effect.tapError((error) => Effect.andThen(Effect.logWarning('the inbox is not ended yet', { stream: id, error: error._tag }), Effect.sleep(RETRY_MS))),
    Effect.eventually
  )
}

const appendIfAnswered = (id: string, reason: EndReason, ifHead: number) =>
  append(id, reason, ifHead).pipe(Effect.catchTag(['Fenced', 'LogFull', 'LogUnavailable'], (error) => Effect.logInfo('the reconnect window is not closed', { stream: id, error: error._tag })))

const append = Effect.fnUntraced(function* (id: string, reason: EndReason, ifHead: number | undefined) {
  const log = yield* Log
  const at = log.subject('ingest', id)
  if (ifHead !== undefined && !log.connected()) return
  const head = yield* ifHead === undefined ? log.head(at) : atOnce(log.head(at))
  const seq = head?.seq ?? 0
  if (ifHead !== undefined && seq !== ifHead) return
  const body = head === undefined ? undefined : bodyOf(head.data)
  if (body?.case === 'end') return
  const end = { reason, session: body === undefined ? 0 : sessionOf(body) }
  const receivedAtMs = BigInt(yield* Clock.currentTimeMillis)
  yield* log.appender(at, seq).append(encodeIngestRecord({ receivedAtMs, body: { case: 'end', value: end } }))
})

const atOnce = <A>(head: Effect.Effect<A, LogUnavailable>): Effect.Effect<A, LogUnavailable> =>
  head.pipe(Effect.timeoutOrElse({ duration: HEAD_WAIT_MS, orElse: () => new LogUnavailable({ operation: 'end of the inbox', reason: 'no answer in time' }) }))

const bodyOf = (data: Uint8Array): IngestRecord['body'] | undefined =>
  Result.getOrUndefined(Result.map(Result.try(() => decodeIngestRecord(data)), ({ body }) => body))

const sessionOf = (body: IngestRecord['body']): number => (body.case === 'open' || body.case === 'chunk' || body.case === 'end' ? body.value.session : 0)
