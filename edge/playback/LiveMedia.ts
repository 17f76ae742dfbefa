import { Context, Effect, Layer } from 'effect'
import { applyRecord } from '../../actors/playlist/applyRecord.ts'
import { findSegment, openWindow } from '../../actors/playlist/liveWindow.ts'
import type { Part, Segment } from '../../actors/playlist/liveWindow.ts'
import { initName, segmentName } from '../../actors/playlist/mediaNames.ts'
import { ObjectStore } from '../../actors/storage/ObjectStore.ts'
import { Log } from '../../runtime/Log.ts'
import type { LogEntry } from '../../runtime/Log.ts'
import { notFound, unavailable } from '../http/problems.ts'
import type { Problem } from '../http/problems.ts'
import { decodeRecord } from './FollowedStream.ts'
import type { FollowedStream } from './FollowedStream.ts'
import { MediaCache } from './MediaCache.ts'
import { RecordingPlaces } from './RecordingPlaces.ts'

type Bytes = Effect.Effect<ReadonlyArray<Uint8Array>, Problem>

/**
 * Bytes of a live stream's media: from memory while they are there, else from the object store, else from the log, so
 * that a slow archive is not noticed. `id` names the stream where it is no longer followed.
 */
export class LiveMedia extends Context.Service<LiveMedia, {
  readonly init: (stream: FollowedStream, rendition: string, number: number) => Bytes
  /** A segment that has ended; 404 while it has not. */
  readonly segment: (stream: FollowedStream, rendition: string, msn: number) => Bytes
  /** A whole part. */
  readonly part: (stream: FollowedStream, rendition: string, segment: Segment, part: Part) => Bytes
  /** An object of the recording, under its `hls/` folder. */
  readonly archived: (id: string, name: string) => Bytes
}>()('millrace/edge/playback/LiveMedia') {
  static readonly layer = Layer.effect(
    LiveMedia,
    Effect.gen(function* () {
      const cache = yield* MediaCache
      const fromLog = yield* logReader
      const archived = yield* archiveReader
      const kept = (id: string, name: string): Bytes => Effect.map(cache.get(`${id}/${name}`, archived(id, name)), (bytes) => [bytes])
      const whole = (stream: FollowedStream, rendition: string, segment: Segment): Effect.Effect<Uint8Array, Problem> => {
        const name = `${rendition}/${segmentName(segment.msn)}`
        const load = archived(stream.id, name).pipe(
          Effect.filterOrFail((bytes) => bytes.byteLength === sizeOf(segment), () => notFound('the archive holds other bytes')),
          Effect.catch(() => fromLog(stream.id, rendition, segment))
        )
        return cache.get(`${stream.id}/${name}`, load)
      }
      return LiveMedia.of({
        archived: kept,
        init: (stream, rendition, number) => {
          const init = stream.window.renditions.get(rendition)?.inits.get(number)
          return init ? Effect.succeed([init.data]) : kept(stream.id, `${rendition}/${initName(number)}`)
        },
        segment: (stream, rendition, msn) => {
          const segment = findSegment(stream.window, rendition, msn)
          if (segment === undefined) return kept(stream.id, `${rendition}/${segmentName(msn)}`)
          if (!segment.closed || segment.parts.some(({ completion }) => completion === undefined)) return Effect.fail(notFound('the segment has not ended'))
          const held = segment.parts.flatMap(({ data }) => (data ? [data] : []))
          return held.length === segment.parts.length ? Effect.succeed(held) : Effect.map(whole(stream, rendition, segment), (bytes) => [bytes])
        },
        part: (stream, rendition, segment, part) => {
          if (part.data) return Effect.succeed([part.data])
          const begin = sizeOf(segment, part.index)
          return Effect.map(whole(stream, rendition, segment), (bytes) => [bytes.subarray(begin, begin + part.bytes)])
        }
      })
    })
  )
}

const sizeOf = ({ parts }: Segment, end = parts.length): number => parts.slice(0, end).reduce((sum, { bytes }) => sum + bytes, 0)

const archiveReader = Effect.gen(function* () {
  const places = yield* RecordingPlaces
  const store = yield* ObjectStore
  return Effect.fnUntraced(function* (id: string, name: string): Effect.fn.Return<Uint8Array, Problem> {
    const folder = yield* places.find(id).pipe(Effect.mapError(() => unavailable('the recordings cannot be looked up now')))
    if (folder === undefined) return yield* notFound('nothing is known of this stream')
    return yield* store.get(`${folder}hls/${name}`).pipe(
      Effect.catchTag('ObjectMissing', () => Effect.fail(notFound('the recording has no such file'))),
      Effect.catchTag(['StoreUnavailable', 'ObjectTooBig'], (error) => Effect.as(Effect.logWarning('recording not readable', error), undefined).pipe(Effect.andThen(Effect.fail(unavailable('the recordings cannot be read now')))))
    )
  })
})

const logReader = Effect.gen(function* () {
  const log = yield* Log
  return Effect.fnUntraced(function* (id: string, rendition: string, segment: Segment): Effect.fn.Return<Uint8Array, Problem> {
    const [first, last] = [segment.parts[0], segment.parts.at(-1)]
    if (first === undefined || last === undefined) return yield* notFound('the segment is empty')
    const entries = yield* log.read(log.subject('media', id), first.firstSeq, last.lastSeq).pipe(Effect.mapError(() => unavailable('the log cannot be read now')))
    const found = refold(entries, rendition, segment)
    return found.byteLength === sizeOf(segment) ? found : yield* notFound('the segment is no longer there')
  })
})

const refold = (entries: ReadonlyArray<LogEntry>, rendition: string, segment: Segment): Uint8Array => {
  const window = openWindow(segment.msn)
  for (const { seq, data } of entries) {
    const record = decodeRecord(data)
    if (record !== undefined) applyRecord(window, seq, record)
  }
  return Buffer.concat((findSegment(window, rendition, segment.msn)?.parts ?? []).flatMap(({ fragments }) => fragments.map(({ data }) => data)))
}
