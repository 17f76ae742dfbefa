import { Effect, Layer } from 'effect'
import { MULTIVARIANT_NAME, parseMediaName } from '../../actors/playlist/mediaNames.ts'
import { ObjectStore } from '../../actors/storage/ObjectStore.ts'
import { bytesAnswer, entityTag, REVALIDATE, revalidated } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { HttpServer } from '../http/HttpServer.ts'
import { notFound, unavailable } from '../http/problems.ts'
import type { Problem } from '../http/problems.ts'
import { rangeAnswer } from '../http/ranges.ts'
import { idAt, renditionAt } from '../http/request.ts'
import type { Request } from '../http/request.ts'
import { LiveMedia } from './LiveMedia.ts'
import { mediaAnswer, PLAYLIST_TYPE } from './mediaAnswer.ts'
import { RecordingPlaces } from './RecordingPlaces.ts'

const POSTER_NAME = 'poster.jpg'

/** `/recordings/{id}/…`: archived playlists, media (also by Range) and the poster, from the object store. */
export const recordingPlayback = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* HttpServer
    const media = yield* LiveMedia
    const document = yield* documentReader
    server.route(`/recordings/:id/${MULTIVARIANT_NAME}`, (request) => document(request, `hls/${MULTIVARIANT_NAME}`, PLAYLIST_TYPE))
    server.route(`/recordings/:id/${POSTER_NAME}`, (request) => document(request, POSTER_NAME, 'image/jpeg'))
    server.route('/recordings/:id/:rendition/:file', (request) =>
      Effect.gen(function* () {
        const id = yield* idAt(request, 0)
        const rendition = yield* renditionAt(request, 1)
        const name = request.parameters[2] ?? ''
        const parsed = parseMediaName(name)
        if (parsed === undefined || parsed._tag === 'Part') return yield* notFound('a recording has playlists, init segments and segments')
        if (parsed._tag === 'Playlist') return yield* document(request, `hls/${rendition}/${name}`, PLAYLIST_TYPE)
        const body = yield* media.archived(id, `${rendition}/${name}`)
        return yield* rangeAnswer(mediaAnswer(body, rendition), request.range)
      })
    )
  })
)

// Playlists and posters are written last and may be written again, so they are asked for each time.
const documentReader = Effect.gen(function* () {
  const places = yield* RecordingPlaces
  const store = yield* ObjectStore
  return Effect.fnUntraced(function* (request: Request, name: string, contentType: string): Effect.fn.Return<Answer, Problem> {
    const id = yield* idAt(request, 0)
    const folder = yield* places.find(id).pipe(Effect.mapError(() => unavailable('the recordings cannot be looked up now')))
    if (folder === undefined) return yield* notFound('no recording has this id')
    const bytes = yield* store.get(`${folder}${name}`).pipe(
      Effect.catchTag('ObjectMissing', () => Effect.fail(notFound('the recording is not complete yet, or has no such file'))),
      Effect.catchTag(['StoreUnavailable', 'ObjectTooBig'], (error) =>
        Effect.andThen(Effect.logWarning('recording not readable', error), Effect.fail(unavailable('the recordings cannot be read now')))
      )
    )
    return revalidated(bytesAnswer([bytes], contentType, REVALIDATE), entityTag(bytes), request.ifNoneMatch)
  })
})
