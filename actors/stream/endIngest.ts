import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Clock, Effect } from 'effect'
import { type EndReason, type IngestRecord, IngestEndSchema, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { Log } from '../../runtime/Log.ts'

const RETRY_MS = 500

/**
 * Appends `End` to a stream's inbox, also to one in which nothing was ever written. With `ifHead` only where that is still the newest record: a publisher who has come
 * back meanwhile wins. Without, until it is there, whoever writes; an inbox that has ended stays as it is.
 */
export const endIngest = (id: string, reason: EndReason, ifHead: number | undefined): Effect.Effect<void, never, Log> =>
  Effect.gen(function* () {
    const log = yield* Log
    const at = log.subject('ingest', id)
    const head = yield* log.head(at)
    const seq = head?.seq ?? 0
    if (ifHead !== undefined && seq !== ifHead) return
    const body = head === undefined ? undefined : fromBinary(IngestRecordSchema, head.data).body
    if (body?.case === 'end') return
    const end = create(IngestEndSchema, { reason, session: body === undefined ? 0 : sessionOf(body) })
    const receivedAtMs = BigInt(yield* Clock.currentTimeMillis)
    yield* log.appender(at, seq).append(toBinary(IngestRecordSchema, create(IngestRecordSchema, { receivedAtMs, body: { case: 'end', value: end } })))
  }).pipe(
    Effect.catchTag('Fenced', (error) => (ifHead === undefined ? Effect.fail(error) : Effect.void)),
    Effect.tapError((error) => Effect.andThen(Effect.logWarning('the inbox is not ended yet', { stream: id, error: error._tag }), Effect.sleep(RETRY_MS))),
    Effect.eventually
  )

const sessionOf = (body: IngestRecord['body']): number => (body.case === 'open' || body.case === 'chunk' || body.case === 'end' ? body.value.session : 0)
