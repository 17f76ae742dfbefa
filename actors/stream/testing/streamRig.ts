import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Effect, Layer } from 'effect'
import { ChunkSchema, EndReason, IngestEndSchema, IngestRecordSchema, type IngestRecord, OpenSchema } from '../../../proto/gen/millrace/v1/ingest_pb.js'
import { type Fragment, FragmentsSchema, type Init, type MediaRecord } from '../../../proto/gen/millrace/v1/media_pb.js'
import { StreamStateSchema, StreamStatus } from '../../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../../runtime/Bucket.ts'
import { crc32c } from '../../../runtime/checksum.ts'
import { Host } from '../../../runtime/Host.ts'
import { Log } from '../../../runtime/Log.ts'
import type { RuntimeSettingsShape } from '../../../runtime/RuntimeSettings.ts'
import { tell } from '../../../runtime/Tell.ts'
import { testNodeLayer } from '../../../runtime/testing/runtimeLayer.ts'
import { Ffmpeg } from '../../ffmpeg/FfmpegChild.ts'
import type { Recording } from '../../testing/recordings.ts'
import { mediaCodec } from '../mediaCodec.ts'
import { streamActor } from '../StreamActor.ts'
import { defaultStreamSettings, StreamSettings, type StreamSettingsShape } from '../StreamSettings.ts'

/** One node that owns streams, without edge or archive. */
export const actorNode = (settings: RuntimeSettingsShape, changes: Partial<StreamSettingsShape> = {}) =>
  Layer.unwrap(Effect.map(streamActor, (kind) => Host.layer(kind))).pipe(
    Layer.provideMerge(Layer.mergeAll(testNodeLayer(settings), Ffmpeg.layer, Layer.succeed(StreamSettings, { ...defaultStreamSettings, ...changes })))
  )

/** A publisher that writes straight to the inbox, as an edge does. */
export const openPublisher = Effect.fnUntraced(function* (id: string, mimeType: string) {
  const log = yield* Log
  const { streams } = yield* Buckets
  const at = log.subject('ingest', id)
  yield* streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, keyPrefix: `recordings/test/${id}/` }))
  const appender = log.appender(at, 0)
  const append = (body: IngestRecord['body']) =>
    appender.append(toBinary(IngestRecordSchema, create(IngestRecordSchema, { receivedAtMs: BigInt(Date.now()), body })))
  let [session, epoch, seq, offset] = [1, 0, 0, 0]
  const open = () => append({ case: 'open', value: create(OpenSchema, { session, epoch, nextSeq: seq, nextOffset: BigInt(offset), mimeType, edge: 'test' }) })
  yield* open()
  yield* tell('stream', id)
  return {
    chunk: (data: Uint8Array) =>
      Effect.suspend(() => {
        const value = create(ChunkSchema, { session, epoch, seq: seq++, piece: 0, pieces: 1, offset: BigInt(offset), crc32c: crc32c(data), data, mimeType })
        offset += data.byteLength
        return append({ case: 'chunk', value })
      }),
    /** A chunk that was acknowledged, and is not in the log. */
    skip: (data: Uint8Array): void => {
      seq += 1
      offset += data.byteLength
    },
    newEpoch: Effect.suspend(() => {
      ;[session, epoch, seq, offset] = [session + 1, epoch + 1, 0, 0]
      return open()
    }),
    stop: Effect.suspend(() => append({ case: 'end', value: create(IngestEndSchema, { session, reason: EndReason.STOPPED }) }))
  }
})

/** Publishes a recording, `speed` times as fast as it was made. */
export const publishRecording = Effect.fnUntraced(function* (id: string, recording: Recording, speed: number) {
  const publisher = yield* openPublisher(id, recording.mimeType)
  const begun = Date.now()
  for (const chunk of recording.chunks) {
    const due = begun + chunk.at_ms / speed - Date.now()
    if (due > 0) yield* Effect.sleep(due)
    yield* publisher.chunk(chunk.bytes)
  }
  yield* publisher.stop
})

/** All records of the outbox, once `End` is there. */
export const recordsOf = Effect.fnUntraced(function* (id: string, deadline_ms = 40_000) {
  const log = yield* Log
  const at = log.subject('media', id)
  const ended = Effect.flatMap(log.head(at), (head) => (head !== undefined && mediaCodec.decode(head.data, head.seq).body.case === 'end' ? Effect.succeed(head.seq) : Effect.fail('not ended')))
  const last = yield* ended.pipe(Effect.tapError(() => Effect.sleep(50)), Effect.eventually, Effect.timeout(deadline_ms))
  return (yield* log.read(at, 1, last)).map(({ data, seq }) => mediaCodec.decode(data, seq))
})

/** One rendition's bytes out of the records, in the order of the log. */
export interface RenditionMedia {
  readonly inits: ReadonlyArray<Init>
  readonly fragments: ReadonlyArray<Fragment>
}

/** Sorts the media of a log by rendition. */
export const mediaByRendition = (records: ReadonlyArray<MediaRecord>): ReadonlyMap<string, RenditionMedia> => {
  const renditions = new Map<string, { inits: Array<Init>; fragments: Array<Fragment> }>()
  const of = (name: string): { inits: Array<Init>; fragments: Array<Fragment> } => {
    const known = renditions.get(name) ?? { inits: [], fragments: [] }
    renditions.set(name, known)
    return known
  }
  let pieces: Array<Uint8Array> = []
  for (const { body } of records) {
    if (body.case === 'piece') pieces.push(body.value.data)
    const whole = body.case === 'piece' && body.value.piece + 1 === body.value.pieces
    const value = body.case === 'fragments' ? body.value : whole ? fromBinary(FragmentsSchema, Buffer.concat(pieces)) : undefined
    if (whole) pieces = []
    for (const init of value?.inits ?? []) {
      const known = of(init.rendition).inits
      if (!known.some(({ number }) => number === init.number)) known.push(init)
    }
    for (const fragment of value?.fragments ?? []) of(fragment.rendition).fragments.push(fragment)
  }
  return renditions
}

/** Decodes a rendition with FFmpeg: presentation times of all frames, in seconds, and what FFmpeg complained about. */
export const decode = ({ inits, fragments }: RenditionMedia): { readonly pts: ReadonlyArray<number>; readonly complaints: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-decode-'))
  try {
    const file = join(folder, 'media.mp4')
    writeFileSync(file, Buffer.concat([inits[0]?.data ?? new Uint8Array(), ...fragments.map(({ data }) => data)]))
    const result = spawnSync('ffprobe', ['-v', 'error', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    return { pts: result.stdout.split('\n').filter((line) => line !== '').map((line) => Number(line.split(',')[0])), complaints: result.stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
