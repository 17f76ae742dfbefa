import { readdirSync, readFileSync } from 'node:fs'
import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from '@effect/vitest'
import { Effect } from 'effect'
import { natsUrl } from '../../deploy/local/testing/services.ts'
import { StreamStateSchema, StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { Buckets } from '../../runtime/Bucket.ts'
import { newId } from '../../runtime/ids.ts'
import { Log } from '../../runtime/Log.ts'
import { tell } from '../../runtime/Tell.ts'
import { testSettings } from '../../runtime/testing/runtimeLayer.ts'
import { recording } from '../testing/recordings.ts'
import { mediaCodec } from './mediaCodec.ts'
import { actorNode, decode, mediaByRendition, openPublisher, publishRecording, recordsOf, type RenditionMedia } from './testing/streamRig.ts'

const SPEED = 4

const frames = (media: RenditionMedia | undefined): ReadonlyArray<number> => {
  if (media === undefined) throw new Error('the rendition is not there')
  const { pts, complaints } = decode(media)
  expect(complaints).toBe('')
  expect(pts.every((time, i) => i === 0 || time > (pts[i - 1] ?? 0))).toBe(true)
  return pts
}

/** Ffmpeg children of this process. */
const children = (): ReadonlyArray<number> =>
  readdirSync('/proc').map(Number).filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return stat.includes('(ffmpeg)') && Number(stat.split(') ').at(-1)?.split(' ')[1]) === process.pid
    } catch {
      return false
    }
  })

const publishAndRead = (name: string, ladder: ReadonlyArray<number> = []) =>
  Effect.gen(function* () {
    const id = newId()
    yield* publishRecording(id, recording(name), SPEED)
    return yield* recordsOf(id)
  }).pipe(Effect.provide(actorNode(testSettings(natsUrl()), { ladder })))

describe('every frame comes out once, in order', () => {
  for (const name of ['h264.webm', 'vp8.webm', 'vp9.webm', '100ms-h264.webm', '100ms-avc3.mp4', 'videoonly-h264.webm', 'videoonly-avc1.mp4']) {
    it.live(name, () =>
      Effect.gen(function* () {
        const records = yield* publishAndRead(name)
        const renditions = mediaByRendition(records)
        const source = renditions.get('source')
        expect(source).toBeDefined()
        if (source === undefined) return
        const { pts, complaints } = decode(source)
        expect(complaints).toBe('')
        expect(pts.length).toBe(recording(name).frames)
        expect(pts.every((time, i) => i === 0 || time > (pts[i - 1] ?? 0))).toBe(true)
        const end = records.at(-1)?.body
        expect(end?.case === 'end' ? end.value.reason : undefined).toBe(1)
      }), 60_000)
  }
})

describe('every rendition', () => {
  it.live('has the same frames, with keyframes and segments at the same times', () =>
    Effect.gen(function* () {
      const renditions = mediaByRendition(yield* publishAndRead('h264.webm', [360, 240]))
      const source = frames(renditions.get('source'))
      expect(source.length).toBe(240)
      for (const rung of ['360p', '240p']) {
        expect(frames(renditions.get(rung))).toEqual(source)
        const starts = (name: string) => renditions.get(name)?.fragments.filter(({ part, independent }) => part === 0 && independent).map(({ msn, start }) => [msn, start])
        expect(starts(rung)).toEqual(starts('source'))
      }
    }), 60_000)

  for (const name of ['audioonly.webm', 'audioonly.mp4']) {
    it.live(`plays on without a picture: ${name}`, () =>
      Effect.gen(function* () {
        const renditions = mediaByRendition(yield* publishAndRead(name))
        expect([...renditions.keys()]).toEqual(['audio'])
        const audio = frames(renditions.get('audio'))
        expect(Math.abs((audio.at(-1) ?? 0) - (audio[0] ?? 0) - 3.9)).toBeLessThan(0.2)
        expect(audio.every((time, i) => i === 0 || Math.abs(time - (audio[i - 1] ?? 0) - 1_024 / 48_000) < 0.001)).toBe(true)
      }), 60_000)
  }
})

describe('when FFmpeg is killed', () => {
  for (const [name, ladder] of [['h264.webm', []], ['h264.webm', [240]], ['vp8.webm', []], ['100ms-avc3.mp4', []]] as const) {
    it.live(`nothing is lost and nothing comes twice: ${name} ${ladder.join()}`, () =>
      Effect.gen(function* () {
        const id = newId()
        const source = recording(name)
        const publisher = yield* openPublisher(id, source.mimeType)
        for (const [i, chunk] of source.chunks.entries()) {
          yield* publisher.chunk(chunk.bytes)
          yield* Effect.sleep(60)
          if (i % 5 === 3) for (const pid of children()) process.kill(pid, 'SIGKILL')
        }
        yield* publisher.stop
        const records = yield* recordsOf(id)
        const renditions = mediaByRendition(records)
        expect(records.filter(({ body }) => body.case === 'takeOver').length).toBeGreaterThan(2)
        expect(records.filter(({ body }) => body.case === 'discontinuity').length).toBe(0)
        for (const rendition of ['source', ...ladder.map((rung) => `${rung}p`)]) expect(frames(renditions.get(rendition)).length).toBe(source.frames)
        const audio = renditions.get('audio')
        if (audio !== undefined) {
          const times = frames(audio)
          expect(times.every((time, i) => i === 0 || Math.abs(time - (times[i - 1] ?? 0) - 1_024 / 48_000) < 0.001)).toBe(true)
        }
      }).pipe(Effect.provide(actorNode(testSettings(natsUrl()), { ladder: [...ladder] }))), 60_000)
  }
})

it.live('FFmpeg killed again and again within seconds never ends the stream, as long as it gets anything done between', () =>
  Effect.gen(function* () {
    const id = newId()
    const source = recording('100ms-h264.webm')
    const publisher = yield* openPublisher(id, source.mimeType)
    let kills = 0
    let lastSeq = 0
    const progressed = newFragments(id, () => lastSeq)
    for (const [i, chunk] of source.chunks.entries()) {
      yield* publisher.chunk(chunk.bytes)
      yield* Effect.sleep(20)
      if (i % 4 !== 3) continue
      lastSeq = yield* progressed.pipe(Effect.tapError(() => Effect.sleep(10)), Effect.eventually, Effect.timeout(10_000))
      for (const pid of children()) process.kill(pid, kills % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
      kills += 1
    }
    yield* publisher.stop
    const records = yield* recordsOf(id)
    expect(kills).toBeGreaterThan(5)
    expect(frames(mediaByRendition(records).get('source')).length).toBe(source.frames)
    expect(records.flatMap(({ body }) => (body.case === 'discontinuity' ? [body.value.reason] : []))).toEqual([])
    const end = records.at(-1)
    expect(end?.body.case === 'end' ? end.body.value.reason : undefined).toBe(1)
    expect(end?.checkpoint).toMatchObject({ poisonChunks: 0n, lostChunks: 0n, discontinuities: 0 })
  }).pipe(Effect.provide(actorNode(testSettings(natsUrl())))), 60_000)

/** Sequence of the outbox's head, once it holds new frames. */
const newFragments = (id: string, behind: () => number) =>
  Effect.gen(function* () {
    const log = yield* Log
    const head = yield* log.head(log.subject('media', id))
    const isNew = head !== undefined && head.seq > behind() && mediaCodec.decode(head.data, head.seq).body.case === 'fragments'
    return isNew ? head.seq : yield* Effect.fail('no new frames')
  })

describe('a new epoch', () => {
  it.live('joins the same stream behind a discontinuity, with nothing lost on either side', () =>
    Effect.gen(function* () {
      const id = newId()
      const first = recording('100ms-h264.webm')
      const publisher = yield* openPublisher(id, first.mimeType)
      for (const chunk of first.chunks) yield* publisher.chunk(chunk.bytes)
      yield* publisher.newEpoch
      for (const chunk of first.chunks) yield* publisher.chunk(chunk.bytes)
      yield* publisher.stop
      const records = yield* recordsOf(id)
      expect(records.filter(({ body }) => body.case === 'discontinuity').length).toBe(1)
      const source = mediaByRendition(records).get('source')
      expect(frames(source).length).toBe(2 * first.frames)
      const msns = source?.fragments.map(({ msn }) => msn) ?? []
      expect(msns.every((msn, i) => i === 0 || msn - (msns[i - 1] ?? 0) <= 1)).toBe(true)
    }).pipe(Effect.provide(actorNode(testSettings(natsUrl())))), 60_000)
})

describe('garbage', () => {
  it.live('ends the stream in failure with the reason, and not in a loop', () =>
    Effect.gen(function* () {
      const id = newId()
      const publisher = yield* openPublisher(id, 'video/webm')
      yield* publisher.chunk(new TextEncoder().encode('this is no video at all, whatever it says of itself'))
      const records = yield* recordsOf(id)
      const end = records.at(-1)?.body
      expect(end?.case).toBe('end')
      expect(end?.case === 'end' ? end.value.detail : '').not.toBe('')
      expect(records.filter(({ body }) => body.case === 'takeOver').length).toBe(1)
    }).pipe(Effect.provide(actorNode(testSettings(natsUrl())))), 60_000)
})

describe('a stream whose publisher went before it sent anything', () => {
  it.live('ends when its reconnect window closes', () =>
    Effect.gen(function* () {
      const id = newId()
      const { streams } = yield* Buckets
      yield* streams.create(id, create(StreamStateSchema, { streamId: id, status: StreamStatus.LIVE, keyPrefix: `recordings/test/${id}/` }))
      yield* tell('stream', id)
      const records = yield* recordsOf(id)
      expect(records.map(({ body }) => body.case)).toEqual(['takeOver', 'end'])
    }).pipe(Effect.provide(actorNode(testSettings(natsUrl()), { reconnectWindow_ms: 500 }))), 30_000)
})
