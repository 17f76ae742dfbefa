import { toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PlacedFragment } from '../../actors/playlist/liveWindow.ts'
import { randomLog, type LogShape } from '../../actors/playlist/testing/randomLog.ts'
import { seededRandom } from '../../actors/playlist/testing/seededRandom.ts'
import { MediaRecordSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { FollowedStream } from '../playback/FollowedStream.ts'
import { encodeFragment } from './encodeFragment.ts'
import { QUEUE_BYTES_MAX } from './limits.ts'
import { FakeHub, FakeSocket } from './testing/FakeHub.ts'
import { Viewer } from './Viewer.ts'
import { FrameBuffer, HEADER_BYTES, readHeader } from './watchFrame.ts'
import { WatchedStream } from './WatchedStream.ts'

/** What one run of a stream and its viewers is like. */
interface Life {
  readonly shape: LogShape
  readonly isDeferred: boolean
  /** Records that are lost on their way, as shares of the log. */
  readonly gone: ReadonlyArray<number>
  readonly seed: number
}

const lives: fc.Arbitrary<Life> = fc.record({
  shape: fc.record({
    renditions: fc.constantFrom<LogShape['renditions']>(['source', 'audio'], ['source', '720p', 'audio'], ['source', '720p', 'audio'], ['source'], ['audio']),
    windowSegments: fc.integer({ min: 3, max: 8 }),
    framesPerRecord: fc.integer({ min: 1, max: 8 }),
    takeOverEvery: fc.constantFrom(0, 40),
    discontinuityEvery: fc.constantFrom(0, 60),
    piecesEvery: fc.constantFrom(0, 8),
    segments: fc.integer({ min: 3, max: 9 }),
    end: fc.constant(true),
    seed: fc.integer()
  }),
  isDeferred: fc.boolean(),
  gone: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
  seed: fc.integer()
})

/** A fragment as it was published. */
interface Truth {
  readonly name: string
  readonly from_ms: number
  readonly to_ms: number
  readonly data: Uint8Array
}

interface Watching {
  readonly socket: FakeSocket
  readonly viewer: Viewer
  readonly isEager: boolean
}

interface Lived {
  readonly truth: ReadonlyArray<Truth>
  readonly watching: ReadonlyArray<Watching>
}

/** A start and the end before it are rounded apart. */
const ROUNDING_MS = 0.01

const ENTRY = { status: StreamStatus.LIVE, reason: '' }

/** The loop ends, the viewer reads, and the socket takes more. */
const read = (socket: FakeSocket, viewer: Viewer, messages: number, now_ms: number): void => {
  socket.flush()
  socket.read(messages)
  if (socket.closed === undefined) viewer.pump(now_ms)
}

const readAll = (socket: FakeSocket, viewer: Viewer, now_ms: number): void => {
  for (let before = -1; before < socket.received.length; ) {
    before = socket.received.length
    read(socket, viewer, Number.POSITIVE_INFINITY, now_ms)
  }
}

/** Lives through a stream with viewers that come at any time, read as they like, and change their minds. */
const live = ({ shape, isDeferred, gone, seed }: Life): Lived => {
  const random = seededRandom(seed)
  const hub = new FakeHub(QUEUE_BYTES_MAX, 4_000, isDeferred)
  let now_ms = 0
  const broke = (_: string, defect: unknown): void => {
    throw defect
  }
  const stream = new WatchedStream('stream', { publish: hub.publish, frames: new FrameBuffer(), now_ms: () => now_ms, count: () => undefined, held: () => undefined, isPublishing: () => true, broke })
  const followed = new FollowedStream('stream', { seq: 0, msn: 0 }, 1e9, { problem: () => undefined, held: () => undefined })
  const truth: Array<Truth> = []
  followed.onRecord((added) => truth.push(...added.map(truthOf)))
  const watching: Array<Watching> = []
  const enter = (): void => {
    const socket = new FakeSocket(hub)
    const viewer = new Viewer(socket, stream, random() < 0.3 ? (shape.renditions[1] ?? 'audio') : undefined, now_ms)
    socket.onDropped = (message) => stream.overflowed(viewer, message)
    socket.onClosed = () => {
      viewer.closed(now_ms)
      stream.leave(viewer)
    }
    watching.push({ socket, viewer, isEager: random() < 0.4 })
    stream.enter(viewer, () => undefined)
  }
  enter()
  const records = randomLog(shape).filter((_, index, all) => index === all.length - 1 || !gone.some((share) => Math.floor(share * all.length) === index))
  const attachAt = Math.floor(random() * 40)
  for (const [index, { seq, record }] of records.entries()) {
    now_ms += random() * 120
    if (index === attachAt) stream.attach(followed, ENTRY)
    if (random() < 0.05) enter()
    followed.take({ seq, data: toBinary(MediaRecordSchema, record) } as Parameters<FollowedStream['take']>[0])
    for (const { socket, viewer, isEager } of watching) {
      if (isEager) readAll(socket, viewer, now_ms)
      else read(socket, viewer, random() < 0.15 ? 30 : 0, now_ms)
      if (random() < 0.01 && socket.closed === undefined) viewer.take({ _tag: 'Text', text: `{"type":"rendition","name":"${random() < 0.5 ? 'auto' : '720p'}"}` }, now_ms)
    }
    if (random() < 0.3) stream.sweep()
  }
  if (records.length <= attachAt) stream.attach(followed, ENTRY)
  for (let rounds = 0; rounds < 200; rounds++) {
    now_ms += 50
    for (const { socket, viewer } of watching) {
      read(socket, viewer, 30, now_ms)
    }
    stream.sweep()
  }
  return { truth, watching }
}

const truthOf = (placed: PlacedFragment): Truth => {
  const { name, start_ms, end_ms, media } = encodeFragment(placed, 0)
  return { name, from_ms: start_ms, to_ms: end_ms, data: media.data }
}

/** What a player knows while it reads. */
class Player {
  readonly #truth: ReadonlyMap<string, Truth>
  list: ReadonlyArray<{ readonly name: string; readonly kind: string }> = []
  rendition: string | undefined
  mayLeap = { video: true, audio: true }
  reached: { video: number | undefined; audio: number | undefined } = { video: undefined, audio: undefined }
  init: { video: string | undefined; audio: string | undefined } = { video: undefined, audio: undefined }
  skips = 0
  states: ReadonlyArray<string> = []

  constructor(truth: ReadonlyArray<Truth>) {
    this.#truth = new Map(truth.map((one) => [`${one.name} ${one.from_ms}`, one]))
  }

  read(message: FakeSocket['received'][number]): void {
    if (message instanceof Uint8Array) return this.#frame(message)
    if (message.type === 'state') this.states = [...this.states, message.state]
    if (message.type === 'renditions') this.list = message.renditions
    if (message.type === 'rendition') {
      if (this.rendition !== message.name) this.mayLeap.video = true
      this.rendition = message.name
    }
    if (message.type === 'skipped') {
      this.skips += 1
      expect(message.to_ms).toBeGreaterThan(message.from_ms)
      this.mayLeap = { video: true, audio: true }
    }
  }

  #frame(frame: Uint8Array): void {
    const header = readHeader(frame)
    const listed = this.list[header?.rendition ?? -1]
    if (header === undefined || listed === undefined) throw new Error('a frame of no listed rendition')
    const kind = listed.kind === 'audio' ? 'audio' : 'video'
    expect(this.states.length).toBeGreaterThan(0)
    if (kind === 'video') expect(listed.name).toBe(this.rendition)
    if (header.kind === 'init') return void (this.init[kind] = listed.name)
    expect(this.init[kind]).toBe(listed.name)
    const truth = this.#truth.get(`${listed.name} ${header.programDateTime_ms}`)
    expect(truth && Buffer.compare(truth.data, frame.subarray(HEADER_BYTES))).toBe(0)
    if (Math.abs(header.programDateTime_ms - (this.reached[kind] ?? 0)) > ROUNDING_MS) {
      expect(this.mayLeap[kind] || header.discontinuity, `${listed.name} at ${header.programDateTime_ms} behind ${this.reached[kind]}`).toBe(true)
      expect(header.randomAccess).toBe(true)
    }
    this.mayLeap[kind] = false
    this.reached[kind] = truth?.to_ms
  }
}

let skipped = 0
let switched = 0

it('gives each viewer what a player can play: every fragment in turn, or a random-access fragment behind a word about it', () => {
  fc.assert(fc.property(lives, (life) => {
    const { truth, watching } = live(life)
    for (const { socket } of watching) {
      const player = new Player(truth)
      for (const message of socket.received) player.read(message)
      skipped += player.skips
      switched += Math.max(0, socket.received.filter((message) => !(message instanceof Uint8Array) && message.type === 'rendition').length - 1)
    }
  }), { numRuns: 60 })
  expect(skipped).toBeGreaterThan(10)
  expect(switched).toBeGreaterThan(10)
})

it('gives viewers who read all there is to the end, then says that it has ended, and closes', () => {
  fc.assert(fc.property(lives, (life) => {
    const { truth, watching } = live(life)
    for (const { socket, isEager } of watching) {
      const player = new Player(truth)
      for (const message of socket.received) player.read(message)
      expect(socket.closed).toBe(1000)
      expect(player.states.at(-1)).toBe('ended')
      const last = socket.received.at(-1)
      expect(last instanceof Uint8Array ? 'a frame' : last?.type).toBe('state')
      const sent = player.rendition ?? 'audio'
      expect(player.reached[player.rendition === undefined ? 'audio' : 'video']).toBe(truth.findLast(({ name }) => name === sent)?.to_ms)
      if (isEager) expect(player.skips).toBe(0)
    }
  }), { numRuns: 20 })
})
