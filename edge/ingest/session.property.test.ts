import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IngestWorld, type ReadFrame, readFrames, type SimulatedSession } from './testing/ingestWorld.ts'

const PIECE_BYTES = 5

/** A publisher that keeps each frame until it is acknowledged, and after a resume sends again from where it is told. */
class Publisher {
  readonly frames: Array<Uint8Array> = []
  session: SimulatedSession
  acked = 0
  #heard = 0
  #sent = 0
  #ready = false
  #token = ''
  readonly #world: IngestWorld

  constructor(world: IngestWorld) {
    this.#world = world
    this.session = world.connect()
    this.session.say({ type: 'start', recordingId: 'cam' })
    this.session.settle()
    this.#listen()
  }

  capture(bytes: number): void {
    const frame = new Uint8Array(this.frames.length === 0 ? bytes + 4 : bytes).map((_, index) => (this.frames.length * 31 + index) & 0xff)
    if (this.frames.length === 0) frame.set([0x1a, 0x45, 0xdf, 0xa3])
    this.frames.push(frame)
  }

  /** Sends the next frame that the edge has not been sent on this connection. */
  send(): void {
    this.#listen()
    const frame = this.frames[this.#sent]
    if (!this.#ready || frame === undefined) return
    this.#sent += 1
    this.session.take({ _tag: 'Binary', bytes: frame })
  }

  reconnect(): SimulatedSession {
    this.#listen()
    const old = this.session
    this.session = this.#world.connect()
    this.#heard = 0
    this.#ready = false
    this.session.say({ type: 'resume', recordingId: 'cam', epoch: 0, publisherToken: this.#token })
    return old
  }

  #listen(): void {
    for (const message of this.session.sent.slice(this.#heard)) {
      this.#heard += 1
      if (message.type === 'started') this.#token = message.publisherToken
      if (message.type === 'ack') this.acked = Math.max(this.acked, message.seq + 1)
      if (message.type !== 'started' && message.type !== 'resumed') continue
      this.#sent = message.nextSeq
      this.#ready = true
    }
  }

  listen(): void {
    this.#listen()
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('capture' as const), n: fc.integer({ min: 0, max: 23 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), n: fc.constant(0) }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('answer' as const), n: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'abandon' as const, 'abandon' as const, 'quiet' as const), n: fc.nat(9) }) }
)

/** Mostly the newest connection is answered, now and then one of the old ones. */
const answerOne = (sessions: ReadonlyArray<SimulatedSession>, n: number): void => {
  const session = n < 7 ? sessions.at(-1) : sessions[n % sessions.length]
  session?.answer()
}

const isPrefix = (frames: ReadonlyArray<ReadFrame>, sent: ReadonlyArray<Uint8Array>): boolean =>
  frames.every((frame, index) => frame.seq === index && Buffer.compare(frame.bytes, sent[index] ?? Buffer.from('never sent')) === 0)

it('acknowledged frames are in the log once and in order, whatever connections drop and however their appends interleave', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const world = new IngestWorld(PIECE_BYTES)
      const publisher = new Publisher(world)
      const sessions: Array<SimulatedSession> = [publisher.session]
      for (const { do: what, n } of steps) {
        if (what === 'capture') publisher.capture(n)
        if (what === 'send') publisher.send()
        if (what === 'answer') answerOne(sessions, n)
        if (what === 'drop' || what === 'abandon') {
          // An abandoned connection is one whose edge has not noticed yet that the client is gone: a zombie.
          const old = publisher.reconnect()
          if (what === 'drop') old.take({ _tag: 'Gone' })
          sessions.push(publisher.session)
        }
        if (what === 'quiet') {
          world.mono_ms += world.settings.keepAlive_ms
          for (const session of sessions) session.take({ _tag: 'Tick' })
        }
        publisher.listen()
        const read = readFrames(world.recordsOf('cam'))
        expect(isPrefix(read, publisher.frames)).toBe(true)
        expect(read.length).toBeGreaterThanOrEqual(publisher.acked)
      }
    }),
    { numRuns: 300 }
  )
})

it('a publisher that keeps resuming gets every frame acknowledged in the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const world = new IngestWorld(PIECE_BYTES)
      const publisher = new Publisher(world)
      const sessions: Array<SimulatedSession> = [publisher.session]
      for (const { do: what, n } of steps) {
        if (what === 'capture') publisher.capture(n)
        if (what === 'send') publisher.send()
        if (what === 'answer') answerOne(sessions, n)
        if (what === 'abandon' || what === 'drop') {
          publisher.reconnect()
          sessions.push(publisher.session)
        }
      }
      for (const session of sessions) session.settle()
      publisher.reconnect()
      publisher.session.settle()
      for (let i = 0; i <= publisher.frames.length; i++) publisher.send()
      publisher.session.settle()
      publisher.listen()
      expect(publisher.session.closed).toBeUndefined()
      const read = readFrames(world.recordsOf('cam'))
      expect(read).toHaveLength(publisher.frames.length)
      expect(isPrefix(read, publisher.frames)).toBe(true)
    }),
    { numRuns: 300 }
  )
})

it('no input at any time makes a session throw or ask for two things at once', () => {
  const texts = ['{"type":"start","recordingId":"cam"}', '{"type":"stop"}', '{"type":"ping"}', '{', '{"type":"resume","recordingId":"cam","epoch":0,"publisherToken":"x"}']
  const input = fc.oneof(
    fc.constantFrom(...texts).map((text) => ({ _tag: 'Text' as const, text })),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ _tag: 'Binary' as const, bytes })),
    fc.constantFrom({ _tag: 'Gone' as const }, { _tag: 'Tick' as const }, { _tag: 'Cut' as const, code: 1013, message: 'enough' }, 'answer' as const, 'hour' as const)
  )
  fc.assert(
    fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
      const world = new IngestWorld(PIECE_BYTES)
      const session = world.connect()
      for (const next of inputs) {
        if (next === 'hour') world.mono_ms += 3_600_000
        else if (next === 'answer') session.answer()
        else session.take(next)
        if (session.state._tag === 'Closed') session.asking = undefined
      }
    }),
    { numRuns: 500 }
  )
})
