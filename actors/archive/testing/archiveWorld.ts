import { createHash } from 'node:crypto'
import { Effect, Layer, ManagedRuntime } from 'effect'
import { expect } from 'vitest'
import { databaseUrl, freshNatsUrl, objectStoreUrl } from '../../../deploy/local/testing/services.ts'
import { StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../../runtime/Bucket.ts'
import { Recordings } from '../../database/Recordings.ts'
import { writeFragment } from '../../fmp4/writeFragment.ts'
import { ObjectStore } from '../../storage/ObjectStore.ts'
import { Archiver } from '../Archiver.ts'
import { archiveGround, type ArchivePlaces, archiveWorkers } from './archiveLayers.ts'
import { framesOfHls, framesOfMp4 } from './decodedFrames.ts'
import { encodeAudio, encodeVideo } from './encodeSamples.ts'
import type { TestRendition } from './recordStream.ts'
import { until } from './until.ts'

/** Six seconds of video: 120 frames. */
export const source: TestRendition = { name: 'source', kind: 'video', timescale: 90_000, track: encodeVideo(6) }
/** Six seconds of sound. */
export const audio: TestRendition = { name: 'audio', kind: 'audio', timescale: 48_000, track: encodeAudio(6) }
const published = (rendition: TestRendition): Uint8Array => Buffer.concat([rendition.track.init, writeFragment(1, rendition.track.samples)])
/** Hashes of the decoded pictures and sounds as they were published. */
export const pictures = framesOfMp4(published(source), 'v')
export const sounds = framesOfMp4(published(audio), 'a')

/** All that the archive works with, running, without workers. */
export type Ground = ManagedRuntime.ManagedRuntime<Layer.Success<ReturnType<typeof archiveGround>>, unknown>

/** An empty world of a test's own. */
export const places = async (store: 'minio' | 'directory'): Promise<ArchivePlaces> => ({
  natsUrl: freshNatsUrl(), databaseUrl: await databaseUrl(), storeUrl: await objectStoreUrl(store)
})
/** Opens a world. */
export const startGround = (at: ArchivePlaces): Ground => ManagedRuntime.make(archiveGround(at))
/** Another node's workers, with connections of their own. */
export const startWorkers = async (at: ArchivePlaces) => {
  const runtime = ManagedRuntime.make(archiveWorkers.pipe(Layer.provideMerge(archiveGround(at))))
  const archiver = await runtime.runPromise(Archiver)
  return { counts: async () => (await runtime.runPromise(archiver.state)).counts, stop: () => runtime.dispose() }
}

/** Waits until a recording is archived, and gives its row. */
export const untilReady = (ground: Ground, id: string) =>
  until(`recording ${id} is archived`, async () => {
    const entry = await ground.runPromise(Buckets.use(({ streams }) => streams.get(id)))
    return entry?.value.status === StreamStatus.ARCHIVED ? ground.runPromise(Recordings.use((recordings) => recordings.get(id))) : undefined
  })

/** All objects below a folder, by their path in it. */
export const filesOf = (ground: Ground, prefix: string): Promise<ReadonlyMap<string, Uint8Array>> =>
  ground.runPromise(
    Effect.gen(function* () {
      const store = yield* ObjectStore
      const objects = yield* store.list(prefix)
      const files = yield* Effect.forEach(objects, ({ key }) => Effect.map(store.get(key), (bytes) => [key.slice(prefix.length), bytes] as const))
      return new Map(files)
    })
  )
/** Hashes of files, by name. */
export const hashesOf = (files: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]))
/** One file as text. */
export const textOf = (files: ReadonlyMap<string, Uint8Array>, name: string): string => Buffer.from(files.get(name) ?? []).toString()

/** Plays the recording with FFmpeg's HLS reader: every frame once, in order, the same picture as was published. Gives its files. */
export const expectWhole = async (ground: Ground, prefix: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const files = await filesOf(ground, prefix)
  expect(framesOfHls(files, 'hls/index.m3u8', 'v')).toEqual(pictures)
  expect(framesOfHls(files, 'hls/audio/playlist.m3u8', 'a')).toEqual(sounds)
  return files
}
