import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { natsUrl, objectStoreUrl } from '../../deploy/local/testing/services.ts'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { type EncodedTrack, encodeMedia, encodeRung } from '../testing/realMedia.ts'
import { startEdge, until } from '../testing/startEdge.ts'
import { type ReceivedMedia, TestViewer } from './testing/TestViewer.ts'
import { framesIn, newStream, picturesIn, picturesOf } from './testing/watchWorld.ts'

type Edge = Awaited<ReturnType<typeof startEdge>>

const FRAMES_PER_S = 20
const KEYFRAME_EVERY = 40
const SECONDS = 12

let first: Edge
let second: Edge
let tracks: ReadonlyArray<EncodedTrack>
let pictures: ReadonlyArray<string>
let smallPictures: ReadonlyArray<string>
const viewers: Array<TestViewer> = []

beforeAll(async () => {
  const world = { natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') }
  first = await startEdge({ ...world, settings: { followLinger_ms: 300 } })
  second = await startEdge(world)
  const rung = encodeRung(SECONDS)
  const [source, audio] = encodeMedia(SECONDS)
  tracks = source === undefined || audio === undefined ? [] : [source, rung, audio]
  pictures = source === undefined ? [] : picturesOf(source)
  smallPictures = picturesOf(rung)
})
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.leave()
})
afterAll(async () => {
  await first.stop()
  await second.stop()
})

const watch = (edge: Edge, path: string): TestViewer => {
  const viewer = new TestViewer(edge.url, path)
  viewers.push(viewer)
  return viewer
}

const fragmentsOf = (viewer: TestViewer, name: string): ReadonlyArray<ReceivedMedia> => viewer.media(name).filter(({ header }) => header.kind === 'fragment')

/** Until it has what was written of a rendition to the end. */
const untilFrames = (viewer: TestViewer, name: string, frames: number) =>
  viewer.until(() => viewer.numberOf(name) >= 0 && countFrames(viewer, name) >= frames, `${frames} frames of ${name}`)
const countFrames = (viewer: TestViewer, name: string): number => fragmentsOf(viewer, name).reduce((sum, { data }) => sum + framesIn(data), 0)

describe('a viewer that joins', () => {
  it('gets state and renditions, then init segments and fragments from the newest keyframe on, which decode to exactly the pictures from there', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(5.25)
    const viewer = watch(first, stream.id)
    await untilFrames(viewer, 'source', 105 - 2 * KEYFRAME_EVERY)
    await stream.write(3)
    await untilFrames(viewer, 'source', stream.writer.written('source') - 2 * KEYFRAME_EVERY)
    expect(viewer.texts.slice(0, 3)).toMatchObject([
      { type: 'state', state: 'live' },
      { type: 'renditions', renditions: [{ name: 'source', kind: 'video', width: 320, height: 240 }, { name: '120p', kind: 'video' }, { name: 'audio', kind: 'audio' }] },
      { type: 'rendition', name: 'source', mode: 'auto', reason: 'start' }
    ])
    const got = picturesIn(viewer.media('source'))
    expect(got).toEqual(pictures.slice(2 * KEYFRAME_EVERY, 2 * KEYFRAME_EVERY + got.length))
    expect(got.length).toBe(stream.writer.written('source') - 2 * KEYFRAME_EVERY)
    const media = viewer.media('source')
    expect(media[0]).toMatchObject({ header: { kind: 'init', msn: 2 }, mimeType: `video/mp4; codecs="${tracks[0]?.info.codec}"` })
    expect(media[1]?.header).toMatchObject({ kind: 'fragment', randomAccess: true, discontinuity: false, msn: 2, programDateTime_ms: 1_700_000_000_000 + 4_000 })
    expect(viewer.media('120p')).toEqual([])
  })

  it('gets the sound from the fragment on that covers the first picture, without a hole', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(5.25)
    const viewer = watch(first, stream.id)
    await untilFrames(viewer, 'source', 1)
    await stream.write(2)
    await untilFrames(viewer, 'source', 60)
    const sound = fragmentsOf(viewer, 'audio')
    const picture_ms = fragmentsOf(viewer, 'source')[0]?.header.programDateTime_ms ?? 0
    const starts = sound.map(({ header }) => header.programDateTime_ms)
    expect(starts[0]).toBeLessThanOrEqual(picture_ms)
    expect(starts[1]).toBeGreaterThan(picture_ms)
    for (const [index, { data, header }] of sound.entries()) {
      expect(header.randomAccess).toBe(true)
      const next = starts[index + 1]
      if (next !== undefined) expect(next - header.programDateTime_ms).toBeCloseTo((framesIn(data) * 1_024_000) / 48_000, 3)
    }
    expect(viewer.media('audio')[0]).toMatchObject({ header: { kind: 'init' }, mimeType: 'audio/mp4; codecs="mp4a.40.2"' })
  })

  it('gets fragments as they are published, before their part is whole', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(2.1)
    const viewer = watch(first, stream.id)
    await untilFrames(viewer, 'source', 2)
    for (let step = 1; step <= 5; step++) {
      await stream.write(0.1)
      await untilFrames(viewer, 'source', 2 + 2 * step)
    }
  })

  it('gets the same bytes on two edges, whichever followed when', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(1)
    const early = watch(first, stream.id)
    await untilFrames(early, 'source', 10)
    await stream.write(3.5)
    const late = watch(second, stream.id)
    await untilFrames(late, 'source', 10)
    await stream.write(2)
    await untilFrames(early, 'source', 6.4 * FRAMES_PER_S)
    await untilFrames(late, 'source', 6.4 * FRAMES_PER_S - 2 * KEYFRAME_EVERY)
    for (const name of ['source', 'audio']) {
      const [one, other] = [early, late].map((viewer) => viewer.frames.filter(({ header }) => header.kind === 'fragment' && header.rendition === viewer.numberOf(name)).map(({ bytes }) => Buffer.from(bytes).toString('base64')))
      expect(one?.slice(-(other?.length ?? 0))).toEqual(other)
      expect(other?.length).toBeGreaterThan(20)
    }
  })

  it('waits for a stream that has not begun, and goes on by itself', async () => {
    const stream = await newStream(first, tracks)
    const viewer = watch(first, stream.id)
    await viewer.until(({ states }) => states.length > 0, 'a state')
    expect(viewer.states).toEqual(['waiting'])
    await stream.begin()
    await stream.write(2)
    await untilFrames(viewer, 'source', stream.writer.written('source'))
    expect(viewer.states).toEqual(['waiting', 'live'])
    const got = picturesIn(viewer.media('source'))
    expect(got).toEqual(pictures.slice(0, got.length))
    expect(got.length).toBe(stream.writer.written('source'))
  })
})

describe('a viewer that asks for another rendition', () => {
  it('gets it from its next keyframe on, behind an init segment, and nothing more of the one before', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(4.5)
    const viewer = watch(first, stream.id)
    await untilFrames(viewer, 'source', 9)
    viewer.send({ type: 'rendition', name: '120p' })
    viewer.send({ type: 'ping' })
    await viewer.until(({ texts }) => texts.some(({ type }) => type === 'pong'), 'a pong')
    await stream.write(3)
    await untilFrames(viewer, '120p', 29)
    expect(viewer.texts.filter(({ type }) => type === 'rendition')).toEqual([
      { type: 'rendition', name: 'source', mode: 'auto', reason: 'start' },
      { type: 'rendition', name: '120p', mode: 'fixed', reason: 'asked' }
    ])
    const changed = viewer.received.findIndex((one) => one._tag === 'Text' && one.message.type === 'rendition' && one.message.name === '120p')
    expect(viewer.media('source', changed)).toEqual([])
    expect(picturesIn(viewer.media('source'))).toEqual(pictures.slice(2 * KEYFRAME_EVERY, 3 * KEYFRAME_EVERY))
    const small = picturesIn(viewer.media('120p'))
    expect(small).toEqual(smallPictures.slice(3 * KEYFRAME_EVERY, 3 * KEYFRAME_EVERY + small.length))
    expect(viewer.media('120p')[1]?.header).toMatchObject({ randomAccess: true, discontinuity: false, msn: 3 })
  })

  it('begins with what its address asks for', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(2.5)
    const viewer = watch(first, `${stream.id}?rendition=120p&viewer=someone`)
    await untilFrames(viewer, '120p', 9)
    expect(viewer.texts).toContainEqual({ type: 'rendition', name: '120p', mode: 'fixed', reason: 'start' })
    expect(viewer.media('source')).toEqual([])
  })
})

it('passes over what is damaged, and goes on with the next segment behind a discontinuity on both tracks', async () => {
  const stream = await newStream(first, tracks)
  await stream.begin()
  await stream.write(2.5)
  const viewer = watch(first, stream.id)
  await untilFrames(viewer, 'source', 9)
  const before = stream.writer.written('source')
  await stream.writeSpoilt((data) => {
    const record = fromBinary(MediaRecordSchema, data)
    if (record.body.case === 'fragments') for (const fragment of record.body.value.fragments) fragment.crc32c = (fragment.crc32c ^ 1) >>> 0
    return toBinary(MediaRecordSchema, record)
  })
  await stream.write(2.4)
  await untilFrames(viewer, 'source', before - KEYFRAME_EVERY + stream.writer.written('source') - 2 * KEYFRAME_EVERY)
  for (const name of ['source', 'audio']) {
    const flagged = fragmentsOf(viewer, name).filter(({ header }) => header.discontinuity)
    expect(flagged.map(({ header }) => [header.msn, header.randomAccess])).toEqual([[2, true]])
    expect(fragmentsOf(viewer, name).map(({ header }) => header.msn)).toEqual(fragmentsOf(viewer, name).map(({ header }) => header.msn).toSorted((a, b) => a - b))
  }
  expect(picturesIn(viewer.media('source'))).toEqual([...pictures.slice(KEYFRAME_EVERY, before), ...pictures.slice(2 * KEYFRAME_EVERY, stream.writer.written('source'))])
})

describe('the state of a stream', () => {
  it('is told on each change: the publisher away, and back', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(2.5)
    const viewer = watch(first, stream.id)
    await untilFrames(viewer, 'source', 9)
    stream.hears(false)
    await viewer.until(({ states }) => states.length === 2, 'another state')
    stream.hears(true)
    await viewer.until(({ states }) => states.length === 3, 'another state')
    expect(viewer.states).toEqual(['live', 'reconnecting', 'live'])
    await stream.write(0.5)
    await untilFrames(viewer, 'source', 19)
  })

  it('is over once the last fragment has come: ended, and 1000', async () => {
    const stream = await newStream(first, tracks)
    await stream.begin()
    await stream.write(2.5)
    const viewer = watch(first, stream.id)
    await untilFrames(viewer, 'source', 9)
    await stream.write(1)
    await stream.end()
    expect((await viewer.ended()).code).toBe(1000)
    expect(viewer.received.at(-1)).toEqual({ _tag: 'Text', message: { type: 'state', state: 'ended' } })
    expect(picturesIn(viewer.media('source'))).toEqual(pictures.slice(KEYFRAME_EVERY, stream.writer.written('source')))
    const late = watch(first, stream.id)
    expect((await late.ended()).code).toBe(1000)
    expect(late.states.at(-1)).toBe('ended')
    expect(picturesIn(late.media('source'))).toEqual(pictures.slice(KEYFRAME_EVERY, stream.writer.written('source')))
  })

  it('is failed, with the reason, for a stream of which only that is left', async () => {
    const stream = await newStream(first, tracks)
    const viewer = watch(first, stream.id)
    await viewer.until(({ states }) => states.length > 0, 'a state')
    await stream.describe({ status: StreamStatus.FAILED, reason: 'it broke' })
    expect((await viewer.ended()).code).toBe(1000)
    expect(viewer.texts.at(-1)).toEqual({ type: 'state', state: 'failed', reason: 'it broke' })
    const late = watch(second, stream.id)
    expect((await late.ended()).code).toBe(1000)
    expect(late.texts).toEqual([{ type: 'state', state: 'failed', reason: 'it broke' }])
  })
})

it('lets go of a stream with its last viewer, and follows it again for the next', async () => {
  const stream = await newStream(first, tracks)
  await stream.begin()
  await stream.write(2.5)
  const viewer = watch(first, stream.id)
  await untilFrames(viewer, 'source', 9)
  expect(first.watching.figures()).toMatchObject({ sockets: 1, streams: 1 })
  expect(first.watching.figures().kept_bytes).toBeGreaterThan(0)
  viewer.leave()
  await until(() => first.follower.figures().streams === 0, 'nothing is followed')
  expect(first.watching.figures()).toMatchObject({ sockets: 0, streams: 0, kept_bytes: 0 })
  await untilFrames(watch(first, stream.id), 'source', 9)
})

it('tells viewers when the edge goes away, with 1001', async () => {
  const edge = await startEdge({ natsUrl: natsUrl(), objectStoreUrl: await objectStoreUrl('directory') })
  const stream = await newStream(first, tracks)
  const viewer = watch(edge, stream.id)
  await viewer.until(({ states }) => states.length > 0, 'a state')
  await edge.stop()
  expect((await viewer.ended()).code).toBe(1001)
})
