import { describe, expect, it } from 'vitest'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { FRAME_BYTES_MAX, LOST_FRAMES_MAX } from './limits.ts'
import { IngestWorld, type SimulatedSession } from './testing/ingestWorld.ts'
import { begin, bytes, resume, send, webm } from './testing/simulatedPublisher.ts'

describe('start', () => {
  it('opens epoch 0 of a new recording, answers when that is durable, and tells the actor', () => {
    const world = new IngestWorld(1_000)
    const { session, started } = begin(world, { title: 'Kitchen' })
    expect(started).toEqual({ type: 'started', recordingId: 'cam', status: 'live', epoch: 0, streamPrefix: '/live/cam', nextSeq: 0, publisherToken: 'token-1' })
    expect(world.recordsOf('cam')[0]?.body).toMatchObject({ case: 'open', value: { session: 1, epoch: 0, nextSeq: 0, mimeType: 'video/webm', edge: 'edge' } })
    const entry = world.streams.get('cam')
    expect(entry).toMatchObject({ title: 'Kitchen', status: StreamStatus.LIVE, keyPrefix: 'recordings/2023/11/14/cam/' })
    expect(Buffer.from(entry?.publisherTokenSha256 ?? []).toString()).not.toContain('token')
    expect(session.notices.map(({ _tag }) => _tag)).toEqual(['Attach', 'Hint', 'Connected'])
  })

  it('makes an id where none is given', () => {
    const world = new IngestWorld(1_000)
    const session = world.connect()
    session.say({ type: 'start' })
    session.settle()
    expect(session.last('started')).toMatchObject({ recordingId: 'fresh-1', publisherToken: 'token-1' })
  })

  it('is opened to its end when the publisher goes as soon as it was asked for, so that its owner can end it', () => {
    for (let answers = 1; answers < 4; answers += 1) {
      const world = new IngestWorld(1_000)
      const session = world.connect()
      session.say({ type: 'start', recordingId: 'cam' })
      for (let i = 0; i < answers; i += 1) session.answer()
      session.take({ _tag: 'Gone' })
      session.settle()
      expect(world.streams.has('cam')).toBe(world.recordsOf('cam').length > 0)
    }
  })

  it.each<[how: string, away: (world: IngestWorld) => void]>([
    ['has ended', (world) => world.setStatus('cam', StreamStatus.ARCHIVED)],
    ['has left the bucket', (world) => void world.streams.delete('cam')]
  ])('is refused where its log is empty because the stream %s meanwhile and everything was trimmed', (_, away) => {
    const world = new IngestWorld(1_000)
    const session = world.connect()
    session.say({ type: 'start', recordingId: 'cam' })
    while (session.asking?._tag !== 'Append') session.answer()
    away(world)
    send(session, webm(1))
    session.settle()
    expect(session.closed?.code).toBe(4404)
    expect(session.sent.map(({ type }) => type)).toEqual(['error'])
    expect(session.notices.map(({ _tag }) => _tag)).toEqual(['Attach'])
    expect(world.recordsOf('cam').map(({ body }) => body.case)).toEqual(['open'])
  })

  it('that nobody waits for any more does not fence the publisher\'s next one', () => {
    const world = new IngestWorld(1_000)
    const [slow, next] = [world.connect(), world.connect()]
    for (const session of [slow, next]) session.say({ type: 'start', recordingId: 'cam', publisherToken: 'mine', mimeType: 'video/webm' })
    slow.answer()
    next.settle()
    slow.take({ _tag: 'Gone' })
    slow.settle()
    send(next, webm(1))
    next.settle()
    expect(next.closed).toBeUndefined()
    expect(next.last('ack')).toMatchObject({ seq: 0 })
    expect(world.recordsOf('cam').map(({ body }) => body.case)).toEqual(['open', 'chunk'])
  })

  it('takes the token that the publisher chose, for later too', () => {
    const world = new IngestWorld(1_000)
    expect(begin(world, { publisherToken: 'mine' }).started).toMatchObject({ epoch: 0, publisherToken: 'mine' })
    expect(begin(world, { publisherToken: 'mine' }).started).toMatchObject({ epoch: 1 })
    expect(resume(world, 'mine', 1).closed).toBeUndefined()
  })

  it('says nothing before Open is stored', () => {
    const session = new IngestWorld(1_000).connect()
    session.say({ type: 'start', recordingId: 'cam' })
    while (session.asking !== undefined && session.asking._tag !== 'Append') session.answer()
    expect(session.asking?._tag).toBe('Append')
    expect(session.sent).toEqual([])
  })

  it('on a live stream opens a new epoch for its publisher, and refuses a stranger with 4409', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    send(session, webm())
    session.settle()
    for (const stranger of [{}, { publisherToken: 'guess' }]) {
      const other = world.connect()
      other.say({ type: 'start', recordingId: 'cam', ...stranger })
      expect(other.settle().closed?.code).toBe(4409)
    }
    expect(begin(world, { publisherToken: token }).started).toMatchObject({ epoch: 1, nextSeq: 0, publisherToken: token })
    send(session, bytes(10))
    session.settle()
    expect(session.closed?.code).toBe(4409)
  })

  it('on an ended or failed recording answers 4404', () => {
    const world = new IngestWorld(1_000)
    const { token } = begin(world)
    for (const status of [StreamStatus.ENDED, StreamStatus.FAILED, StreamStatus.ARCHIVED]) {
      world.setStatus('cam', status, 'no video')
      const again = world.connect()
      again.say({ type: 'start', recordingId: 'cam', publisherToken: token })
      expect(again.settle().closed?.code).toBe(4404)
      expect(resume(world, token).closed?.code).toBe(4404)
    }
  })

  it('of an id whose entry has left the bucket is refused with 4404', () => {
    const world = new IngestWorld(1_000)
    world.used.add('used')
    const session = world.connect()
    session.say({ type: 'start', recordingId: 'used' })
    expect(session.settle().closed).toEqual({ code: 4404, reason: 'the recording has ended' })
    expect(world.streams.size).toBe(0)
  })

  it('of a new stream is refused with 1013 while the log is full', () => {
    const world = new IngestWorld(1_000)
    world.full = true
    const session = world.connect()
    session.say({ type: 'start', recordingId: 'cam' })
    expect(session.settle().closed?.code).toBe(1013)
    expect(world.streams.size).toBe(0)
  })

  it('begins again at the head when another session came between', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    const next = world.connect()
    next.say({ type: 'resume', recordingId: 'cam', epoch: 0, publisherToken: token })
    while (next.asking?._tag !== 'Append') next.answer()
    send(session, webm())
    session.settle()
    next.settle()
    expect(next.last('resumed')).toEqual({ type: 'resumed', epoch: 0, nextSeq: 1 })
  })

  it('takes frames and stop that come before it is answered', () => {
    const world = new IngestWorld(1_000)
    const session = world.connect()
    session.say({ type: 'start', recordingId: 'cam' })
    send(session, webm())
    send(session, bytes(5))
    session.say({ type: 'stop' })
    session.settle()
    expect(session.sent.map(({ type }) => type)).toEqual(['started', 'ack', 'ack'])
    expect(world.recordsOf('cam').map(({ body }) => body.case)).toEqual(['open', 'chunk', 'chunk', 'end'])
  })
})

describe('resume with an ack that the log knows nothing of', () => {
  const resumeAcked = (acked: object) => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    send(session, webm())
    session.settle()
    const next = world.connect()
    next.say({ type: 'resume', recordingId: 'cam', epoch: 0, publisherToken: token, acked })
    next.settle()
    return { world, next }
  }

  it('goes on behind as much as a log can have lost, and refuses what is further on, in frames or in bytes', () => {
    expect(resumeAcked({ seq: LOST_FRAMES_MAX, bytes: 8 }).next.last('resumed')?.nextSeq).toBe(LOST_FRAMES_MAX + 1)
    expect(resumeAcked({ seq: 1, bytes: 8 + FRAME_BYTES_MAX }).next.last('resumed')?.nextSeq).toBe(2)
    for (const acked of [{ seq: LOST_FRAMES_MAX + 1, bytes: 8 }, { seq: 0xffff_fffe, bytes: 8 }, { seq: 1, bytes: 9 + FRAME_BYTES_MAX }, { seq: 1, bytes: Number.MAX_SAFE_INTEGER }]) {
      const { world, next } = resumeAcked(acked)
      expect(next.closed, JSON.stringify(acked)).toEqual({ code: 4400, reason: '"acked" is further on than the stream can have been: start a new epoch' })
      expect(world.recordsOf('cam').map(({ body }) => body.case)).toEqual(['open', 'chunk'])
    }
  })
})

it('resume behind a half-stored frame of which the log has lost the beginning asks for a new epoch, and gets it', () => {
  const world = new IngestWorld(1_000)
  const { session, token } = begin(world)
  send(session, webm(...bytes(3_500)))
  session.answer()
  session.answer()
  session.take({ _tag: 'Gone' })
  const first = world.records.findIndex(({ record }) => record.body.case === 'chunk')
  world.records.splice(first, 1, { ...world.records[first], id: 'another' } as (typeof world.records)[number])
  expect(resume(world, token).closed).toMatchObject({ code: 4400, reason: expect.stringContaining('half-stored') })
  expect(begin(world, { publisherToken: token }).started).toMatchObject({ epoch: 1, nextSeq: 0 })
})

describe('bad input', () => {
  const refused = (act: (session: SimulatedSession) => void): number | undefined => {
    const world = new IngestWorld(1_000)
    const session = world.connect()
    act(session)
    session.settle()
    expect(session.last('error')?.code).toBe(session.closed?.code)
    expect(world.records).toEqual([])
    return session.closed?.code
  }
  const text = (frame: string) => refused((session) => session.take({ _tag: 'Text', text: frame }))

  it('before start is a binary frame or stop', () => {
    expect(refused((session) => send(session, webm()))).toBe(4400)
    expect(refused((session) => session.say({ type: 'stop' }))).toBe(4400)
  })

  it('is text that is no message', () => {
    for (const frame of ['', '{', 'null', '[]', '7', '"start"', '{}', '{"type":"go"}', '{"type":7}', `{"type":"ping","x":"${'x'.repeat(9_000)}"}`]) {
      expect(text(frame), frame.slice(0, 40)).toBe(4400)
    }
  })

  it('is an id, a title, a token, an epoch or a mimeType that cannot be one', () => {
    const ids = ['', '.', '..', '../x', 'a.b', '*', '>', 'a b', 'a\u0000', 'x'.repeat(65), 'x'.repeat(300), 'ü', 7, null]
    for (const recordingId of ids) expect(text(JSON.stringify({ type: 'start', recordingId })), String(recordingId)).toBe(4400)
    for (const recordingId of ids) expect(text(JSON.stringify({ type: 'resume', recordingId, epoch: 0, publisherToken: 't' }))).toBe(4400)
    for (const title of ['x'.repeat(201), 'a\u0000b', '\ud800', 7]) expect(text(JSON.stringify({ type: 'start', title }))).toBe(4400)
    for (const mimeType of ['', 'video/ogg', 'text/html', 'video/webmx', `video/webm;${'x'.repeat(300)}`]) {
      expect(text(JSON.stringify({ type: 'start', mimeType })), mimeType).toBe(4400)
    }
    for (const epoch of [-1, 1.5, '0', 2 ** 32, null]) {
      expect(text(JSON.stringify({ type: 'resume', recordingId: 'cam', epoch, publisherToken: 't' })), String(epoch)).toBe(4400)
    }
    expect(text(JSON.stringify({ type: 'resume', recordingId: 'cam', epoch: 0 }))).toBe(4400)
  })

  it('is a second start, or a frame after stop', () => {
    const world = new IngestWorld(1_000)
    const first = begin(world).session
    first.say({ type: 'start' })
    expect(first.closed?.code).toBe(4400)
    const second = begin(new IngestWorld(1_000)).session
    second.say({ type: 'stop' })
    send(second, bytes(1))
    expect(second.closed?.code).toBe(4400)
  })

  it('is bytes that are not what the mimeType says, also in small frames', () => {
    const { session } = begin(new IngestWorld(1_000))
    send(session, new TextEncoder().encode('hello world'))
    expect(session.closed).toEqual({ code: 4400, reason: 'the bytes are not WebM, which the mimeType says they are' })
    const small = begin(new IngestWorld(1_000), { mimeType: 'video/mp4;codecs=avc3' }).session
    send(small, Uint8Array.of(0, 0, 0, 20, 0x66, 0x74))
    expect(small.closed).toBeUndefined()
    send(small, Uint8Array.of(0x78))
    expect(small.closed?.code).toBe(4400)
  })

  it('is resume of an unknown recording, with a wrong token, or of another epoch', () => {
    const world = new IngestWorld(1_000)
    const { token } = begin(world)
    expect(resume(world, token, 0, 'other').closed?.code).toBe(4404)
    expect(resume(world, 'guess').closed?.code).toBe(4409)
    expect(resume(world, token, 1).closed).toEqual({ code: 4400, reason: 'the recording is in epoch 0, not 1' })
  })

  it('is silence before start', () => {
    const world = new IngestWorld(1_000)
    const session = world.connect()
    world.mono_ms = 4_999
    session.take({ _tag: 'Tick' })
    expect(session.closed).toBeUndefined()
    world.mono_ms = 5_000
    session.take({ _tag: 'Tick' })
    expect(session.closed?.code).toBe(1013)
  })
})
