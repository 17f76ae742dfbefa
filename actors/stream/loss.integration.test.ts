import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from '@effect/vitest'
import { Effect, Layer } from 'effect'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { DeadLetterSchema } from '../../proto/gen/millrace/v1/dead_letter_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import type { MediaRecord } from '../../proto/gen/millrace/v1/media_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { Host } from '../../runtime/Host.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { testNodeLayer, testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { layerWith } from '../ffmpeg/FfmpegChild.ts'
import { chunksOf, containerOf, factsOf, readSource } from '../testing/readSource.ts'
import { recording } from '../testing/recordings.ts'
import { mediaCodec } from './mediaCodec.ts'
import { streamActor } from './StreamActor.ts'
import { defaultStreamSettings, StreamSettings } from './StreamSettings.ts'
import { framesLeft } from './testing/lossyInbox.ts'
import { actorNode, decode, mediaByRendition, openPublisher, recordsOf } from './testing/streamRig.ts'

const SPEED_MS = 15

/** Decodes a rendition in the pieces between its discontinuities: each has to be decodable by itself, to the last frame. */
const framesOf = (records: ReadonlyArray<MediaRecord>, rendition: string): ReadonlyArray<number> => {
  const cuts = [...records.flatMap(({ body }, i) => (body.case === 'discontinuity' ? [i] : [])), records.length]
  let from = 0
  return cuts.flatMap((cut) => {
    const piece = mediaByRendition(records.slice(from, cut)).get(rendition)
    from = cut
    if (piece === undefined) return []
    const { pts, complaints } = decode(piece)
    expect(complaints).toBe('')
    return pts
  })
}

const publishAll = Effect.fnUntraced(function* (id: string, mimeType: string, chunks: ReadonlyArray<Uint8Array>, lost: ReadonlyArray<number> = [], pause_ms = SPEED_MS) {
  const publisher = yield* openPublisher(id, mimeType)
  for (const [i, bytes] of chunks.entries()) {
    if (lost.includes(i)) publisher.skip(bytes)
    else yield* publisher.chunk(bytes)
    yield* Effect.sleep(pause_ms)
  }
  yield* publisher.stop
  return yield* recordsOf(id)
})

/** Waits until so many frames of the picture are in the log. */
const untilPublished = Effect.fnUntraced(function* (id: string, frames: number) {
  const log = yield* Log
  const at = log.subject('media', id)
  const published = Effect.map(log.head(at), (head) => {
    const renditions = head === undefined ? [] : mediaCodec.decode(head.data, head.seq).checkpoint?.renditions
    return Number(renditions?.find(({ name }) => name === 'source')?.frames ?? 0)
  })
  yield* Effect.flatMap(published, (count) => (count >= frames ? Effect.void : Effect.fail('not yet'))).pipe(Effect.tapError(() => Effect.sleep(20)), Effect.eventually, Effect.timeout(20_000))
})

/** An FFmpeg that crashes once a marker is in its input. */
const crashingFfmpeg = (marker: string): { readonly path: string; readonly remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-crashing-'))
  const path = join(folder, 'ffmpeg')
  const script = `#!/usr/bin/perl
use strict;
pipe(my $read, my $write);
my $child = fork();
if ($child == 0) { close $write; open(STDIN, '<&', $read); exec('ffmpeg', @ARGV); }
close $read;
$SIG{PIPE} = 'IGNORE';
my $seen = '';
while (sysread(STDIN, my $data, 65536)) {
  $seen .= $data;
  my $at = index($seen, '${marker}');
  syswrite($write, $data) if $at < 0;
  if ($at >= 0) { kill('SEGV', $child); waitpid($child, 0); kill('SEGV', $$); sleep(1); }
  $seen = substr($seen, -16);
}
close $write;
waitpid($child, 0);
exit($? >> 8);
`
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}

describe('chunks that are lost on the way', () => {
  for (const [name, lost] of [['100ms-h264.webm', [5, 20, 21]], ['vp8.webm', [4]], ['100ms-avc3.mp4', [6]], ['videoonly-h264.webm', [6]]] as const) {
    it.live(`cost what cannot be decoded without them, and nothing that is damaged is shown: ${name}`, () =>
      Effect.gen(function* () {
        const id = newId()
        const source = recording(name)
        const records = yield* publishAll(id, source.mimeType, source.chunks.map(({ bytes }) => bytes), lost)
        const times = framesOf(records, 'source')
        expect(times.length).toBe(framesLeft(source, lost).length)
        expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
        expect(records.at(-1)?.checkpoint).toMatchObject({ lostChunks: BigInt(lost.length), poisonChunks: 0n })
        const { streams } = yield* Buckets
        const entry = yield* streams.get(id)
        expect(entry?.value.losses.map(({ kind }) => kind)).toEqual(entry?.value.losses.map(() => LossKind.MISSING))
        expect(entry?.value).toMatchObject({ lostChunks: BigInt(lost.length) })
      }).pipe(Effect.provide(actorNode(testSettings(natsUrl())))), 60_000)
  }
})

describe('a frame of which the end is lost', () => {
  for (const [name, bytes] of [['100ms-avc3.mp4', 3_000], ['100ms-avc3.mp4', 1_700], ['100ms-h264.webm', 700], ['h264.webm', 900]] as const) {
    it.live(`is not shown, neither at a gap nor where an epoch breaks off: ${name} in chunks of ${bytes}`, () =>
      Effect.gen(function* () {
        const source = recording(name)
        const chunks = Array.from({ length: Math.ceil(source.bytes.length / bytes) }, (_, i) => ({ at_ms: 0, bytes: source.bytes.subarray(i * bytes, (i + 1) * bytes) }))
        const lost = [0.2, 0.35, 0.7].map((share) => Math.floor(share * chunks.length))
        const records = yield* publishAll(newId(), source.mimeType, chunks.slice(0, -2).map((chunk) => chunk.bytes), lost, 1)
        const left = framesLeft({ ...source, chunks: chunks.slice(0, -2), bytes: source.bytes.subarray(0, (chunks.length - 2) * bytes) }, lost)
        const times = framesOf(records, 'source')
        expect(times.length).toBeGreaterThanOrEqual(left.length)
        expect(times.length).toBeLessThan(source.frames)
        expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
      }).pipe(Effect.provide(actorNode(testSettings(natsUrl())))), 60_000)
  }
})

/** A source whose time begins again in the middle, without a new header. */
const leaping = (name: string): ReadonlyArray<Uint8Array> => {
  const source = recording(name)
  const header = factsOf(readSource(containerOf(source), chunksOf([source.bytes])), 'Header')[0]?.bytes.length ?? 0
  return [...source.chunks.map(({ bytes }) => bytes), ...source.chunks.map(({ bytes }, i) => (i === 0 ? bytes.subarray(header) : bytes))]
}

describe('a source whose time begins again without a new header', () => {
  for (const name of ['100ms-h264.webm', '100ms-avc3.mp4', 'vp8.webm']) {
    it.live(`goes on behind one discontinuity, with every frame: ${name}`, () =>
      Effect.gen(function* () {
        const source = recording(name)
        const records = yield* publishAll(newId(), source.mimeType, leaping(name))
        expect(records.filter(({ body }) => body.case === 'discontinuity').length).toBe(1)
        const times = framesOf(records, 'source')
        expect(times.length).toBe(2 * source.frames)
        expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
        expect(records.filter(({ body }) => body.case === 'takeOver').length).toBe(1)
      }).pipe(Effect.provide(actorNode(testSettings(natsUrl())))), 60_000)
  }
})

describe('a chunk on which FFmpeg crashes', () => {
  it.live('costs the rest of its GOP, and is parked with all that is needed to see it again', () => {
    const name = '100ms-h264.webm'
    const source = recording(name)
    const chunks = source.chunks.map(({ bytes }) => bytes.slice())
    const marker = Buffer.from('MILLRACE-POISON!')
    const at = 14
    const chunk = chunks[at]
    if (chunk === undefined) throw new Error('the recording has so many chunks')
    // Within the chunk's first frame, so that FFmpeg gets none that is whole of it, wherever its reads begin and end.
    chunk.set(marker, 200)
    const pictures = factsOf(readSource(containerOf(source), chunksOf([source.bytes])), 'VideoFrame')
    const before = factsOf(readSource(containerOf(source), chunksOf(chunks.slice(0, at))), 'VideoFrame').length
    const behind = pictures.length - pictures.findIndex(({ randomAccess }, i) => i >= before && randomAccess !== undefined)
    const { path, remove } = crashingFfmpeg(marker.toString())
    const node = Layer.unwrap(Effect.map(streamActor, (kind) => Host.layer(kind))).pipe(
      Layer.provideMerge(Layer.mergeAll(testNodeLayer(testSettings(natsUrl())), layerWith({ executable: path }), Layer.succeed(StreamSettings, defaultStreamSettings)))
    )
    return Effect.gen(function* () {
      const id = newId()
      const publisher = yield* openPublisher(id, source.mimeType)
      yield* Effect.forEach(chunks.slice(0, at), publisher.chunk)
      // The last frame that is whole leaves FFmpeg only with the next.
      yield* untilPublished(id, before - 1)
      yield* Effect.forEach(chunks.slice(at), publisher.chunk)
      yield* publisher.stop
      const records = yield* recordsOf(id)
      const times = framesOf(records, 'source')
      expect(times.length).toBe(before - 1 + behind)
      expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
      const { losses, poisonChunks } = records.at(-1)?.checkpoint ?? {}
      expect(losses?.map(({ kind }) => kind)).toEqual([LossKind.POISON])
      expect(times.filter((time, i) => i > 0 && time - (times[i - 1] ?? 0) > 0.2)).toHaveLength(1)
      expect(Number(poisonChunks)).toBeGreaterThan(0)
      const log = yield* Log
      const dead = { log: 'DEAD', subject: `dead.stream.${id}` }
      const newest = yield* log.head(dead)
      const letters = (yield* log.read(dead, 1, newest?.seq ?? 0)).map(({ data }) => fromBinary(DeadLetterSchema, data))
      expect(letters.some(({ body }) => Buffer.from(body).includes(marker))).toBe(true)
      expect(Buffer.from(letters[0]?.context.subarray(0, 4) ?? []).toString('hex')).toBe('1a45dfa3')
      expect(letters[0]?.reason).toMatch(/SIGSEGV|exited with/)
    }).pipe(Effect.provide(node), Effect.ensuring(Effect.sync(remove)))
  }, 60_000)
})
