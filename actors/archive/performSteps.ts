import { Clock, Effect } from 'effect'
import { Buckets } from '../../runtime/Bucket.ts'
import { park } from '../../runtime/deadLetters.ts'
import type { LogFull, LogUnavailable } from '../../runtime/errors.ts'
import { ARCHIVE_CONSUMER } from '../../runtime/Janitor.ts'
import { Log } from '../../runtime/Log.ts'
import type { DatabaseError } from '../database/errors.ts'
import { Recordings } from '../database/Recordings.ts'
import type { ObjectMissing, ObjectTooBig, StoreUnavailable } from '../storage/errors.ts'
import { ObjectStore } from '../storage/ObjectStore.ts'
import { ArchiveSettings } from './ArchiveSettings.ts'
import { PosterMaker } from './poster.ts'
import type { ArchiveReplies, ArchiveReply, ArchiveRequest, Steps } from './steps.ts'

/** Everything that the archive reads from or writes to. */
export type Around = Log | Buckets | ObjectStore | Recordings | ArchiveSettings

/** Why a step could not be done; what it was to write may have been written all the same. */
export type Trouble = LogUnavailable | LogFull | StoreUnavailable | ObjectMissing | ObjectTooBig | DatabaseError

/** Drives steps against the real logs, database and object store. */
export const performSteps = Effect.fnUntraced(function* <A>(steps: Steps<A>): Effect.fn.Return<A, Trouble, Around> {
  let step = steps.next(undefined)
  while (step.done !== true) step = steps.next(yield* performStep(step.value))
  return step.value
})

type Performers = { readonly [T in ArchiveRequest['_tag']]: (request: Extract<ArchiveRequest, { readonly _tag: T }>) => Effect.Effect<ArchiveReplies[T], Trouble, Around> }

/** Does one step. */
export const performStep = (request: ArchiveRequest): Effect.Effect<ArchiveReply, Trouble, Around> =>
  // The table has each request's own performer under its tag.
  (PERFORMERS[request._tag] as (one: ArchiveRequest) => Effect.Effect<ArchiveReply, Trouble, Around>)(request)

const PERFORMERS: Performers = {
  ReadStream: ({ id }) => Buckets.use(({ streams }) => streams.get(id)),
  UpdateStream: ({ id, value, revision }) =>
    Buckets.use(({ streams }) => streams.update(id, value, revision)).pipe(
      Effect.as(true),
      Effect.catchTag('RevisionConflict', () => Effect.succeed(false))
    ),
  ReadHead: ({ id }) => Log.use((log) => log.head(log.subject('media', id))),
  ReadMedia: ({ id, from, to }) => Log.use((log) => log.read(log.subject('media', id), from, to)),
  ReadAnnounced: ({ id }) => Log.use((log) => log.read(log.subject('segments', id), 1, Number.MAX_SAFE_INTEGER)),
  ReadAcknowledged: () => Log.use((log) => log.acknowledgedThrough('SEGMENTS', ARCHIVE_CONSUMER)),
  ReadRow: ({ id, rendition, msn }) => Recordings.use((recordings) => recordings.segment(id, rendition, msn)),
  ReadRows: ({ id }) => Recordings.use((recordings) => recordings.segments(id)),
  WriteRow: ({ recording, row }) => Recordings.use((recordings) => recordings.addSegment(recording, row)),
  Conclude: ({ recording, outcome }) => Recordings.use((recordings) => recordings.conclude(recording, outcome)),
  HasObject: ({ key }) =>
    ObjectStore.use((store) => store.stat(key)).pipe(
      Effect.as(true),
      Effect.catchTag('ObjectMissing', () => Effect.succeed(false))
    ),
  ListObjects: ({ folder }) => Effect.map(ObjectStore.use((store) => store.list(folder)), (objects) => new Set(objects.map(({ key }) => key))),
  PutObject: ({ key, bytes }) => Effect.as(ObjectStore.use((store) => store.put(key, bytes)), undefined),
  StorePoster: (request) => storePoster(request),
  ReadClock: () => Clock.currentTimeMillis,
  Publish: ({ subject, data }) => Effect.as(Log.use((log) => log.publish(subject, data)), undefined),
  Park: ({ id, reason, entry }) => Effect.as(park('segment', id, reason, entry), undefined)
}

const storePoster = Effect.fnUntraced(function* (request: Extract<ArchiveRequest, { readonly _tag: 'StorePoster' }>): Effect.fn.Return<undefined, Trouble, Around> {
  const settings = yield* ArchiveSettings
  const store = yield* ObjectStore
  const makePoster = yield* PosterMaker
  const init = yield* store.get(request.init)
  const segment = yield* store.get(request.segment)
  const picture = yield* makePoster(settings.ffmpeg, init, segment, settings.posterTimeout_ms).pipe(
    Effect.catchTag('PosterFailed', (error) => Effect.as(Effect.logWarning('a recording has no poster', { key: request.key, reason: error.reason }), undefined))
  )
  if (picture !== undefined) yield* store.put(request.key, picture)
  return undefined
})
