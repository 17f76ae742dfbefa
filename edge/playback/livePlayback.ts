import { Effect, Layer } from 'effect'
import type { Scope } from 'effect'
import { findRevision } from '../../actors/playlist/findRevision.ts'
import type { RevisionAnswer, Wanted } from '../../actors/playlist/findRevision.ts'
import { findPart, findSegment } from '../../actors/playlist/liveWindow.ts'
import type { LiveWindow, Place } from '../../actors/playlist/liveWindow.ts'
import { MULTIVARIANT_NAME, parseMediaName, PLAYLIST_NAME } from '../../actors/playlist/mediaNames.ts'
import { ID_RULE, isId } from '../../runtime/ids.ts'
import { EdgeSettings } from '../EdgeSettings.ts'
import { AddressPlaces } from '../http/AddressPlaces.ts'
import { NO_STORE, redirect, textAnswer } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { Counters } from '../http/Counters.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { badRequest, notFound, unavailable } from '../http/problems.ts'
import type { Problem } from '../http/problems.ts'
import { rangeAnswer } from '../http/ranges.ts'
import { idAt, renditionAt } from '../http/request.ts'
import type { Request } from '../http/request.ts'
import { BLOCKING_MS_MAX, FIRST_SEGMENT_MS_MAX } from '../limits.ts'
import type { ViewerName } from '../viewers/viewerKey.ts'
import { Viewers } from '../viewers/Viewers.ts'
import type { StreamOver } from './errors.ts'
import type { FollowedStream } from './FollowedStream.ts'
import { LiveMedia } from './LiveMedia.ts'
import { liveMultivariant } from './liveMultivariant.ts'
import { mediaAnswer, PLAYLIST_TYPE } from './mediaAnswer.ts'
import { playlistDirectives } from './playlistDirectives.ts'
import { StreamFollower } from './StreamFollower.ts'
import type { FollowError } from './StreamFollower.ts'

/** A blocking answer is that prefix for ever; its use ends when players have moved on. */
const PREFIX_CACHE = 'public, max-age=10'

type Handled = Effect.Effect<Answer, Problem | FollowError, Scope.Scope>

interface Playback {
  readonly viewers: Viewers['Service']
  readonly follow: StreamFollower['Service']['follow']
  readonly media: LiveMedia['Service']
  readonly waiting: Waiting
}

/** Gives what `look` finds within the time, else undefined; refused where too many wait already, of the address or in all. */
type Waiting = <A>(address: string, stream: FollowedStream, look: () => A | undefined, time_ms: number) => Effect.Effect<A | undefined, Problem>

/** `/live/{id}/index.m3u8` and `/live/{id}/{rendition}/…`: low-latency HLS from the log. */
export const livePlayback = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* HttpServer
    const { follow } = yield* StreamFollower
    const playback: Playback = { viewers: yield* Viewers, follow, media: yield* LiveMedia, waiting: yield* boundedWaiting }
    const answer = (handled: Handled, request: Request): Effect.Effect<Answer, Problem> =>
      Effect.scoped(handled).pipe(
        Effect.catchTag('StreamOver', (over) => afterTheEnd(playback, request, over)),
        Effect.catchTag('StreamUnknown', () => Effect.fail(notFound('no stream has this id'))),
        // Counters and readiness tell of these, and a line for each request of a crowd would say no more.
        Effect.tapErrorTag(['FollowRefused', 'LogUnavailable'], (error) => Effect.logDebug('stream cannot be followed', error)),
        Effect.tapErrorTag(['CatchUpTimeout', 'HeadUnreadable'], (error) => Effect.logWarning('stream cannot be followed', error)),
        Effect.catchTag(['FollowRefused', 'CatchUpTimeout', 'HeadUnreadable', 'LogUnavailable'], () => Effect.fail(unavailable('the stream cannot be followed now')))
      )
    server.route(`/live/:id/${MULTIVARIANT_NAME}`, (request) => answer(multivariant(playback, request), request))
    server.route('/live/:id/:rendition/:file', (request) => answer(file(playback, request), request))
  })
)

const boundedWaiting = Effect.gen(function* () {
  const { waitersMax, waitersPerAddressMax } = yield* EdgeSettings
  const counters = yield* Counters
  const places = new AddressPlaces(waitersMax, waitersPerAddressMax)
  const waiting: Waiting = (address, stream, look, time_ms) =>
    Effect.suspend(() => {
      const now = look()
      if (now !== undefined) return Effect.succeed(now)
      const giveBack = places.take(address)
      if (giveBack === undefined) {
        counters.count('wait_refused')
        return Effect.fail(unavailable('too many requests wait for media'))
      }
      return stream.when(look).pipe(
        Effect.timeoutOrElse({ duration: time_ms, orElse: () => Effect.undefined }),
        Effect.ensuring(Effect.sync(giveBack))
      )
    })
  return waiting
})

// Only the recording is left of a stream whose log is gone.
const afterTheEnd = ({ media }: Playback, { path, parameters }: Request, { id }: StreamOver): Effect.Effect<Answer, Problem> => {
  const [, rendition = '', name = ''] = parameters
  if (path.endsWith('.m3u8')) return Effect.succeed(redirect(`/recordings${path.slice('/live'.length)}`))
  return Effect.map(media.archived(id, `${rendition}/${name}`), (body) => mediaAnswer(body, rendition))
}

const multivariant = Effect.fnUntraced(function* (playback: Playback, request: Request) {
  const viewer = yield* viewerOf(request)
  const stream = yield* playback.follow(yield* idAt(request, 0))
  yield* watches(playback, stream, viewer, false)
  const query = viewer._tag === 'Id' ? `?viewer=${viewer.id}` : ''
  const text = yield* playback.waiting(request.address, stream, () => liveMultivariant(stream.window, query), FIRST_SEGMENT_MS_MAX)
  return text === undefined ? yield* unavailable('the stream has no whole segment yet') : textAnswer(text, PLAYLIST_TYPE, NO_STORE)
})

const file = Effect.fnUntraced(function* (playback: Playback, request: Request) {
  const id = yield* idAt(request, 0)
  const rendition = yield* renditionAt(request, 1)
  const name = parseMediaName(request.parameters[2] ?? '')
  if (name === undefined) return yield* notFound(`a rendition has ${PLAYLIST_NAME}, init segments, segments and parts`)
  if (name._tag === 'Playlist') return yield* mediaPlaylist(playback, request, id, rendition)
  const stream = yield* playback.follow(id)
  const { media } = playback
  const body = yield* name._tag === 'Init' ? media.init(stream, rendition, name.number) : name._tag === 'Segment' ? media.segment(stream, rendition, name.msn) : part(playback, request.address, stream, rendition, name)
  return yield* rangeAnswer(mediaAnswer(body, rendition), request.range)
})

/** Whoever asks for a playlist of a stream that goes on is one of its viewers. */
const watches = ({ viewers }: Playback, { id, window }: FollowedStream, viewer: ViewerName, blocking: boolean): Effect.Effect<void, never, Scope.Scope> =>
  window.end === undefined ? viewers.asks(id, viewer, blocking) : Effect.void

const viewerOf = ({ query, address, userAgent }: Request): Effect.Effect<ViewerName, Problem> => {
  const id = query.get('viewer')
  if (id === null) return Effect.succeed({ _tag: 'Client', address, userAgent })
  return isId(id) ? Effect.succeed({ _tag: 'Id', id }) : Effect.fail(badRequest(`viewer ${ID_RULE}`))
}

const mediaPlaylist = Effect.fnUntraced(function* (playback: Playback, request: Request, id: string, rendition: string) {
  const { wanted, skip } = yield* playlistDirectives(request.query)
  const viewer = yield* viewerOf(request)
  const stream = yield* playback.follow(id)
  const { window } = stream
  yield* watches(playback, stream, viewer, wanted !== 'newest')
  const answer = yield* playback.waiting(request.address, stream, () => settled(window, rendition, wanted), BLOCKING_MS_MAX)
  if (answer?._tag === 'TooFar') return yield* badRequest('that is too far ahead of the stream')
  if (answer?._tag === 'Unknown') return yield* notFound('the stream has no such rendition')
  const exact = answer?._tag === 'Ready' && wanted !== 'newest'
  // What waited in vain, or has left the window, gets the newest there is.
  const given = answer?._tag === 'Ready' ? answer : findRevision(window, rendition, 'newest')
  if (given._tag !== 'Ready') return yield* unavailable('the rendition has no media yet')
  return textAnswer(stream.render(given.revision, skip), PLAYLIST_TYPE, exact ? PREFIX_CACHE : NO_STORE)
})

// An answer that waiting would not change; undefined while it would.
const settled = (window: LiveWindow, rendition: string, wanted: Wanted): RevisionAnswer | undefined => {
  const answer = findRevision(window, rendition, wanted)
  if (answer._tag === 'Unknown' && mayCome(window, rendition)) return undefined
  return answer._tag === 'Pending' ? undefined : answer
}

const mayCome = ({ described, end }: LiveWindow, rendition: string): boolean =>
  end === undefined && (described.length === 0 || described.some(({ name }) => name === rendition))

// A part may be asked for as soon as a playlist hints at it (RFC 8216bis 4.4.5.3), and then waits until it is whole.
const part = Effect.fnUntraced(function* ({ media, waiting }: Playback, address: string, stream: FollowedStream, rendition: string, place: Place) {
  const { window } = stream
  const whole = (): Place | 'never' | undefined => {
    if (findPart(window, rendition, place)?.completion) return place
    return settled(window, rendition, place) === undefined ? undefined : 'never'
  }
  const found = yield* waiting(address, stream, whole, BLOCKING_MS_MAX)
  if (found === undefined) return yield* unavailable('the part is not there yet')
  const [segment, known] = [findSegment(window, rendition, place.msn), findPart(window, rendition, place)]
  if (found === 'never' || segment === undefined || known === undefined) return yield* notFound('the rendition has no such part')
  return yield* media.part(stream, rendition, segment, known)
})
