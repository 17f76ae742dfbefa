import { Cause, Clock, Context, Effect, Layer, RcMap, Semaphore } from 'effect'
import type { Scope } from 'effect'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import type { LogUnavailable } from '../../runtime/errors.ts'
import { Log } from '../../runtime/Log.ts'
import type { LogEntry, LogSubject } from '../../runtime/Log.ts'
import { EdgeSettings } from '../EdgeSettings.ts'
import { Counters } from '../http/Counters.ts'
import { CATCH_UP_MS_MAX, ENDED_FOLLOWED_MS, HEAD_LOOKBACKS, UNKNOWN_LOOKUPS_MAX } from '../limits.ts'
import { CatchUpTimeout, FollowRefused, HeadUnreadable, StreamOver, StreamUnknown } from './errors.ts'
import { decodeRecord, FollowedStream } from './FollowedStream.ts'
import type { Beginning } from './FollowedStream.ts'

/** Why a stream cannot be followed now. */
export type FollowError = StreamUnknown | StreamOver | FollowRefused | CatchUpTimeout | HeadUnreadable | LogUnavailable

/**
 * Follows the MEDIA logs of the streams that somebody watches here, each once, however many ask. A stream is let go a
 * while after its last viewer's last request. The bytes of all of them together are bounded.
 */
export class StreamFollower extends Context.Service<StreamFollower, {
  /** The stream, caught up with its log; held until the scope closes. */
  readonly follow: (id: string) => Effect.Effect<FollowedStream, FollowError, Scope.Scope>
  readonly figures: () => { readonly streams: number; readonly bytes: number; readonly waiting: number }
}>()('millrace/edge/playback/StreamFollower') {
  static readonly layer = Layer.effect(
    StreamFollower,
    Effect.gen(function* () {
      const settings = yield* EdgeSettings
      const open = yield* opener
      const known = yield* acquaintance
      const map: RcMap.RcMap<string, FollowedStream, FollowError | Cause.ExceededCapacityError> = yield* RcMap.make({
        // A stream that is not there now may be there in a moment, so what failed is not kept: beside the lookup, whose scope that closes.
        lookup: (id: string) => Effect.tapError(open.open(id), () => Effect.forkDetach(RcMap.invalidate(map, id))),
        capacity: settings.followedMax,
        idleTimeToLive: settings.followLinger_ms
      })
      const counters = yield* Counters
      return StreamFollower.of({
        follow: (id) =>
          Effect.andThen(Effect.flatMap(RcMap.has(map, id), (followed) => (followed ? Effect.void : known(id))), RcMap.get(map, id)).pipe(
            Effect.catchIf(Cause.isExceededCapacityError, () => {
              counters.count('follow_refused')
              return Effect.fail(new FollowRefused({ limit: settings.followedMax }))
            })
          ),
        figures: open.figures
      })
    })
  )
}

/** Whoever asks for streams that are not there takes none of the places of those that are. */
const acquaintance = Effect.gen(function* () {
  const log = yield* Log
  const { streams } = yield* Buckets
  const lookups = yield* Semaphore.make(UNKNOWN_LOOKUPS_MAX)
  return (id: string): Effect.Effect<void, StreamUnknown | LogUnavailable> =>
    lookups.withPermit(
      Effect.gen(function* () {
        if ((yield* streams.get(id)) === undefined && (yield* log.head(log.subject('media', id))) === undefined) return yield* new StreamUnknown({ id })
      })
    )
})

const opener = Effect.gen(function* () {
  const settings = yield* EdgeSettings
  const counters = yield* Counters
  const log = yield* Log
  const { streams } = yield* Buckets
  const context = yield* Effect.context()
  const warn = Effect.runForkWith(context)
  const followed = new Set<FollowedStream>()
  let bytes = 0
  const held = (change: number): void => {
    bytes += change
    while (change > 0 && bytes > settings.partBytesMax && shedBiggest(followed)) counters.count('bytes_dropped')
  }
  const make = (id: string, begin: Beginning): Effect.Effect<FollowedStream, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const problem = (found: object): void => {
          counters.count('record_damaged')
          warn(Effect.logWarning('a record of the MEDIA log is not whole', { stream: id, ...found }))
        }
        const stream = new FollowedStream(id, begin, settings.streamBytesMax, { problem, held })
        followed.add(stream)
        return stream
      }),
      (stream) => Effect.sync(() => {
        followed.delete(stream)
        bytes -= stream.window.bytes
      })
    )
  const open = Effect.fnUntraced(function* (id: string): Effect.fn.Return<FollowedStream, FollowError, Scope.Scope> {
    const at = log.subject('media', id)
    const head = yield* log.head(at)
    if (head === undefined) yield* expectLive(id, yield* streams.get(id))
    const begin = head ? yield* Effect.provideService(beginning(id, at, head), Log, log) : { seq: 0, msn: 0 }
    if (head && isEnd(head)) yield* Effect.provideService(expectUntrimmed(id, at, begin, yield* streams.get(id)), Log, log)
    const from = head ? beginningLeft(begin, head, (yield* log.usage(at.log)).firstSeq) : begin
    const stream = yield* make(id, from)
    yield* log.follow(at, Math.max(1, from.seq), (entry) => stream.take(entry))
    if (head) yield* caughtUp(stream, head.seq)
    return stream
  })
  const figures = () => ({ streams: followed.size, bytes, waiting: [...followed].reduce((sum, { waiting }) => sum + waiting, 0) })
  return { open, figures }
})

// A stream without any media yet is worth waiting for while it is live.
const expectLive = (id: string, entry: { readonly value: { readonly status: StreamStatus } } | undefined): Effect.Effect<void, StreamUnknown | StreamOver> => {
  if (entry === undefined) return Effect.fail(new StreamUnknown({ id }))
  return entry.value.status === StreamStatus.LIVE ? Effect.void : Effect.fail(new StreamOver({ id }))
}

const isEnd = ({ data }: LogEntry): boolean => decodeRecord(data)?.body.case === 'end'

// Of a recording that is complete the log goes piece by piece: what is left of it would show gaps.
const expectUntrimmed = Effect.fnUntraced(function* (
  id: string,
  at: LogSubject,
  begin: Beginning,
  entry: { readonly value: { readonly status: StreamStatus; readonly endedAtMs: bigint } } | undefined
): Effect.fn.Return<void, StreamOver | LogUnavailable, Log> {
  if (entry?.value.status !== StreamStatus.ARCHIVED) return
  const log = yield* Log
  const isFresh = (yield* Clock.currentTimeMillis) - Number(entry.value.endedAtMs) < ENDED_FOLLOWED_MS
  if (!isFresh || (yield* log.read(at, begin.seq, begin.seq)).length === 0) return yield* new StreamOver({ id })
})

// The record that opened the first segment of the live window (0: the record that says so itself). A head that cannot
// be read is damaged: the newest record that can says where the window began then.
const beginning = Effect.fnUntraced(function* (id: string, at: LogSubject, head: LogEntry): Effect.fn.Return<Beginning, HeadUnreadable | LogUnavailable, Log> {
  const whole = beginningIn(head)
  if (whole !== undefined) return whole
  const log = yield* Log
  for (const lookback of HEAD_LOOKBACKS) {
    const entries = yield* log.read(at, Math.max(1, head.seq - lookback), head.seq)
    const found = entries.map(beginningIn).findLast((begin) => begin !== undefined)
    if (found !== undefined) return found
  }
  return yield* new HeadUnreadable({ id, seq: head.seq })
})

// A log without room was trimmed into the live window: it begins with the oldest segment that is left of it.
const beginningLeft = (begin: Beginning, { data }: LogEntry, firstSeq: number): Beginning => {
  if (begin.seq >= firstSeq) return begin
  const checkpoint = decodeRecord(data)?.checkpoint
  const left = checkpoint?.segments.findIndex((segment) => Number(segment.firstSeq) >= firstSeq) ?? -1
  return checkpoint === undefined || left < 0 ? begin : { seq: Number(checkpoint.segments[left]?.firstSeq), msn: checkpoint.windowStartMsn + left }
}

const beginningIn = ({ seq, data }: LogEntry): Beginning | undefined => {
  const checkpoint = decodeRecord(data)?.checkpoint
  return checkpoint === undefined ? undefined : { seq: Number(checkpoint.windowStartSeq) || seq, msn: checkpoint.windowStartMsn }
}

const caughtUp = (stream: FollowedStream, wanted: number): Effect.Effect<void, CatchUpTimeout> =>
  stream.when(() => (stream.seq >= wanted ? true : undefined)).pipe(
    Effect.timeoutOrElse({ duration: CATCH_UP_MS_MAX, orElse: () => Effect.fail(new CatchUpTimeout({ id: stream.id, wanted, reached: stream.seq })) }),
    Effect.asVoid
  )

const shedBiggest = (followed: ReadonlySet<FollowedStream>): boolean => {
  for (const stream of [...followed].toSorted((a, b) => b.window.bytes - a.window.bytes)) if (stream.shed() > 0) return true
  return false
}
