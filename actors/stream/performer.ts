import { create, toBinary } from '@bufbuild/protobuf'
import { Cause, Clock, Effect, Exit, Queue, Scope } from 'effect'
import type { Owned } from '../../runtime/ActorKind.ts'
import { StreamEndedSchema, StreamEventSchema, StreamFailedSchema } from '../../proto/gen/millrace/v1/event_pb.js'
import type { MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import { RenditionStateSchema, type StreamState as StreamEntry, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { Log } from '../../runtime/Log.ts'
import { park } from '../../runtime/deadLetters.ts'
import { LogFill } from '../../runtime/LogFill.ts'
import { forker } from '../../runtime/forker.ts'
import { tell } from '../../runtime/Tell.ts'
import { subjects } from '../../runtime/topology.ts'
import { FINALIZE } from '../archive/Finalizer.ts'
import { Ffmpeg, type FfmpegChild } from '../ffmpeg/FfmpegChild.ts'
import { endIngest } from './endIngest.ts'
import { PARK_ATTEMPTS_MAX } from './limits.ts'
import type { StreamAction, StreamMessage } from './streamState.ts'
import { matters } from './yieldingWindow.ts'

const RETRY_MS = 500

/** Performs what stream actors want beside what the runtime does: one FFmpeg at a time, and the stream's entry. */
export const makePerformer = Effect.fnUntraced(function* (
  owned: Owned<MediaRecord>,
  send: (message: StreamMessage) => void,
  ended: Effect.Effect<void>
): Effect.fn.Return<(action: StreamAction) => void, never, Log | LogFill | Buckets | Ffmpeg | Scope.Scope> {
  const context = yield* Effect.context<Log | Buckets | Ffmpeg>()
  const fork = yield* forker
  const run = (effect: Effect.Effect<void, never, Log>): void => fork(Effect.provideContext(effect, context))
  const children = yield* makeChildren(owned.id, send)
  yield* watchSpace(owned.id, send)
  const work = yield* Queue.unbounded<Effect.Effect<void, never, Log | Buckets>>()
  // A later owner writes the same entry: what this one still wanted there would undo it.
  yield* Effect.forkScoped(Effect.raceFirst(ended, Effect.forever(Effect.flatMap(Queue.take(work), (item) => survived(owned.id, item)))))
  const later = (effect: Effect.Effect<void, never, Log | Buckets>): void => void Queue.offerUnsafe(work, effect)
  return (action) => {
    switch (action._tag) {
      case 'Spawn':
      case 'Feed':
      case 'EndInput':
        return children(action)
      case 'EndIngest':
        return later(endIngest(owned.id, action.reason, action.ifHead))
      case 'Park':
        return run(Effect.andThen(parkEntry(owned.id, action), Effect.sync(() => send({ _tag: 'Parked' }))))
      case 'Describe':
        return later(Effect.andThen(describeStream(owned.id, action), Effect.sync(() => send({ _tag: 'Described', final: action.final }))))
      case 'Warn':
        return run(Effect.logWarning(action.reason, { stream: owned.id }))
    }
  }
})

/** Tells a stream how full its logs are, from the time on that it matters to it until it does not. */
const watchSpace = Effect.fnUntraced(function* (id: string, send: (message: StreamMessage) => void) {
  const log = yield* Log
  const fill = yield* LogFill
  const [inbox, outbox] = [log.subject('ingest', id).log, log.subject('media', id).log]
  let told = false
  const look = (): void => {
    const space = { inbox: fill.share(inbox), outbox: fill.share(outbox), room_bytes: fill.room(outbox) }
    const tells = matters(space)
    if (tells || told) send({ _tag: 'Space', space })
    told = tells
  }
  look()
  yield* Effect.acquireRelease(Effect.sync(() => fill.onLook(look)), (stop) => Effect.sync(stop))
})

/** A defect in one piece of work is logged, and the next is done. */
const survived = <R>(id: string, item: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> =>
  Effect.catchCause(item, (cause) => (Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.logError('defect in what a stream wanted done', { stream: id }, cause)))

/** Keeps what is passed over. A log that does not answer is waited for; one that is full keeps nothing, and the stream goes on. */
const parkEntry = (id: string, { reason, entry, context }: StreamAction & { readonly _tag: 'Park' }): Effect.Effect<void, never, Log> =>
  park('stream', id, reason, entry, context).pipe(
    Effect.tapErrorTag('LogUnavailable', () => Effect.sleep(RETRY_MS)),
    Effect.retry({ while: (error) => error._tag === 'LogUnavailable', times: PARK_ATTEMPTS_MAX }),
    Effect.catch((error) => Effect.logError('a record that is passed over could not be kept', { stream: id, seq: entry.seq, reason: error._tag }))
  )

type ChildAction = StreamAction & { readonly _tag: 'Spawn' | 'Feed' | 'EndInput' }

/** The FFmpeg child of the newest run. What it is to be fed waits until it runs; an older child goes. */
const makeChildren = Effect.fnUntraced(function* (id: string, send: (message: StreamMessage) => void) {
  const ffmpeg = yield* Ffmpeg
  const scope = yield* Effect.scope
  const run = Effect.runForkWith(yield* Effect.context<never>())
  let current: Current | undefined
  const spawn = (action: ChildAction & { readonly _tag: 'Spawn' }, mine: Current, before: Current | undefined) =>
    Effect.gen(function* () {
      if (before !== undefined) yield* Scope.close(before.scope, Exit.void)
      const child = yield* ffmpeg.spawn(action.plan, (event) => send({ _tag: 'Child', run: action.run, event })).pipe(Scope.provide(mine.scope))
      yield* Effect.logDebug('ffmpeg started', { stream: id, pid: child.pid })
      mine.child = child
      for (const to of mine.waiting) to(child)
    }).pipe(
      Effect.catch((error) => Effect.sync(() => send({ _tag: 'Child', run: action.run, event: { _tag: 'Exited', code: null, signal: null, complete: false, stderr: '', reason: error.message } })))
    )
  return (action: ChildAction): void => {
    if (action._tag === 'Spawn') {
      const before = current
      current = { child: undefined, waiting: [], scope: Scope.forkUnsafe(scope) }
      return void run(spawn(action, current, before))
    }
    const give = (child: FfmpegChild): void => (action._tag === 'Feed' ? child.write(action.bytes, action.frames) : child.end())
    if (current?.child !== undefined) return give(current.child)
    current?.waiting.push(give)
  }
})

/** A child, or what it is to be given once it runs. */
interface Current {
  child: FfmpegChild | undefined
  readonly waiting: Array<(child: FfmpegChild) => void>
  readonly scope: Scope.Closeable
}

/** Writes the stream's entry until it is written; an entry that is archived or ended already stays as it is. */
export const describeStream = (id: string, action: StreamAction & { readonly _tag: 'Describe' }): Effect.Effect<void, never, Buckets | Log> =>
  Effect.gen(function* () {
    const { streams } = yield* Buckets
    const entry = yield* streams.get(id)
    if (entry === undefined || entry.value.status !== StreamStatus.LIVE) return
    const now_ms = yield* Clock.currentTimeMillis
    yield* streams.update(id, described(entry.value, action, now_ms), entry.revision)
    if (action.final) yield* tellEnded(id, action, now_ms)
  }).pipe(
    Effect.tapError((error) => Effect.andThen(Effect.logDebug('describe again', { stream: id, error: error._tag }), Effect.sleep(RETRY_MS))),
    Effect.eventually
  )

/** Tells viewers and the archive; both find out by themselves where this gets lost. */
const tellEnded = Effect.fnUntraced(function* (id: string, action: StreamAction & { readonly _tag: 'Describe' }, now_ms: number) {
  const log = yield* Log
  const event = create(StreamEventSchema, {
    eventId: `${id}/ended`,
    streamId: id,
    atMs: BigInt(now_ms),
    event: action.status === StreamStatus.FAILED
      ? { case: 'streamFailed', value: create(StreamFailedSchema, { reason: action.reason }) }
      : { case: 'streamEnded', value: create(StreamEndedSchema, {}) }
  })
  yield* Effect.ignore(log.publish(subjects.event(id, action.status === StreamStatus.FAILED ? 'stream_failed' : 'stream_ended'), toBinary(StreamEventSchema, event)))
  yield* Effect.ignore(tell(FINALIZE, id))
})

const described = (entry: StreamEntry, action: StreamAction & { readonly _tag: 'Describe' }, now_ms: number): StreamEntry => {
  const { checkpoint } = action.record
  return {
    ...entry,
    status: action.status,
    reason: action.reason,
    ...(action.final ? { endedAtMs: BigInt(now_ms), publishing: false } : {}),
    renditions: (checkpoint?.renditions ?? []).map(({ name, codec, width, height, bandwidth, frames }) => create(RenditionStateSchema, { name, codec, width, height, bandwidth, frames })),
    lostChunks: checkpoint?.lostChunks ?? 0n,
    losses: checkpoint?.losses ?? [],
    poisonChunks: checkpoint?.poisonChunks ?? 0n,
    discontinuities: checkpoint?.discontinuities ?? 0
  }
}
