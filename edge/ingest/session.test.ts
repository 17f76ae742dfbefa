import { describe, expect, it } from 'vitest'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { IngestWorld, readFrames, type SimulatedSession } from './testing/ingestWorld.ts'

const webm = (...rest: ReadonlyArray<number>): Uint8Array => Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3, 4, ...rest)
const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)
const send = (session: SimulatedSession, frame: Uint8Array): void => session.take({ _tag: 'Binary', bytes: frame })

const begin = (world: IngestWorld, more: object = {}) => {
  const session = world.connect()
  session.say({ type: 'start', recordingId: 'cam', mimeType: 'video/webm', ...more })
  session.settle()
  const started = session.last('started')
  if (started === undefined) throw new Error(`not started: ${session.closed?.reason}`)
  return { session, token: started.publisherToken, started }
}

const resume = (world: IngestWorld, token: string, epoch = 0, recordingId = 'cam'): SimulatedSession => {
  const session = world.connect()
  session.say({ type: 'resume', recordingId, epoch, publisherToken: token })
  return session.settle()
}

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
    world.mono_ms = 9_999
    session.take({ _tag: 'Tick' })
    expect(session.closed).toBeUndefined()
    world.mono_ms = 10_000
    session.take({ _tag: 'Tick' })
    expect(session.closed?.code).toBe(4400)
  })
})

describe('frames', () => {
  it('are acknowledged once stored, with the bytes of the epoch so far, the empty one too', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    send(session, webm())
    send(session, bytes(0))
    send(session, bytes(5))
    expect(session.last('ack')).toBeUndefined()
    session.answer()
    expect(session.sent.filter(({ type }) => type === 'ack')).toEqual([{ type: 'ack', seq: 0, bytes: 8 }])
    session.settle()
    expect(session.last('ack')).toEqual({ type: 'ack', seq: 2, bytes: 13 })
    expect(readFrames(world.recordsOf('cam')).map((frame) => frame.bytes.length)).toEqual([8, 0, 5])
  })

  it('that are too big for a record are stored in pieces and acknowledged after the last', () => {
    const world = new IngestWorld(10)
    const { session } = begin(world)
    const frame = webm(...bytes(17))
    send(session, frame)
    session.answer()
    session.answer()
    expect(session.last('ack')).toBeUndefined()
    session.settle()
    expect(session.last('ack')).toEqual({ type: 'ack', seq: 0, bytes: 25 })
    expect([...(readFrames(world.recordsOf('cam'))[0]?.bytes ?? [])]).toEqual([...frame])
  })

  it('stored by half are completed after a resume, also after two, and not stored twice', () => {
    const world = new IngestWorld(10)
    const { session, token } = begin(world)
    const frame = webm(...bytes(27))
    send(session, frame)
    session.answer()
    session.answer()
    expect(resume(world, token).last('resumed')).toEqual({ type: 'resumed', epoch: 0, nextSeq: 0 })
    const next = resume(world, token)
    expect(next.last('resumed')).toEqual({ type: 'resumed', epoch: 0, nextSeq: 0 })
    send(next, frame)
    send(next, bytes(3))
    next.settle()
    expect(next.last('ack')).toEqual({ type: 'ack', seq: 1, bytes: 38 })
    expect(readFrames(world.recordsOf('cam')).map(({ offset }) => offset)).toEqual([0, 35])
  })

  it('stored by half that come again with other bytes or another size are refused', () => {
    for (const other of [webm(...bytes(27, 8)), webm(...bytes(26 - 10)), webm(...bytes(27), ...bytes(9))]) {
      const world = new IngestWorld(10)
      const { session, token } = begin(world)
      send(session, webm(...bytes(27)))
      session.answer()
      session.answer()
      const next = resume(world, token)
      send(next, other)
      next.settle()
      expect(next.closed?.code).toBe(4400)
    }
  })

  it('beyond the bytes that may wait close with 1013, and what was acknowledged stays', () => {
    const world = new IngestWorld(1_000, { unackedBytesMax: 100 })
    const { session, token } = begin(world)
    send(session, webm())
    session.settle()
    send(session, bytes(60))
    send(session, bytes(40))
    expect(session.closed).toBeUndefined()
    send(session, bytes(1))
    expect(session.closed?.code).toBe(1013)
    expect(resume(world, token).last('resumed')?.nextSeq).toBeGreaterThanOrEqual(1)
  })

  it('that the log refuses as full close with 1013', () => {
    const { session } = begin(new IngestWorld(1_000))
    send(session, webm())
    session.take({ _tag: 'Refused', why: 'Full' })
    expect(session.closed?.code).toBe(1013)
  })

  it('that came before the client went are stored all the same', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    send(session, webm())
    send(session, bytes(9))
    session.take({ _tag: 'Gone' })
    session.settle()
    expect(readFrames(world.recordsOf('cam'))).toHaveLength(2)
    expect(session.notices.at(-1)).toEqual({ _tag: 'Disconnected', id: 'cam', session: 1 })
  })
})

describe('a live session', () => {
  it('shows the log that its quiet publisher is still there', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    send(session, webm())
    session.settle()
    world.mono_ms = 10_000
    session.take({ _tag: 'Tick' })
    session.settle()
    expect(world.recordsOf('cam').at(-1)?.body).toMatchObject({ case: 'open', value: { session: 1, epoch: 0, nextSeq: 1 } })
    send(session, bytes(4))
    session.settle()
    expect(resume(world, token).last('resumed')?.nextSeq).toBe(2)
  })

  it('with a half-stored frame to complete is quiet without forgetting it', () => {
    const world = new IngestWorld(10)
    const { session, token } = begin(world)
    const frame = webm(...bytes(27))
    send(session, frame)
    session.answer()
    const quiet = resume(world, token)
    world.mono_ms = 10_000
    quiet.take({ _tag: 'Tick' })
    quiet.settle()
    const next = resume(world, token)
    send(next, frame)
    next.settle()
    expect(readFrames(world.recordsOf('cam'))).toHaveLength(1)
  })

  it('is let go when nothing comes for too long', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    world.mono_ms = world.settings.idle_ms
    session.take({ _tag: 'Tick' })
    expect(session.closed?.code).toBe(4400)
  })

  it('learns that the stream failed, with the reason', () => {
    const { session } = begin(new IngestWorld(1_000))
    session.take({ _tag: 'StreamChanged', status: StreamStatus.FAILED, reason: 'no track can be read' })
    expect(session.last('error')).toEqual({ type: 'error', code: 4400, message: 'the stream failed: no track can be read' })
    expect(session.closed?.code).toBe(4400)
  })

  it('that meets the end of a failed stream in the log waits for the reason', () => {
    for (const order of ['entry first', 'entry later']) {
      const world = new IngestWorld(1_000)
      const { session } = begin(world)
      world.end('cam', EndReason.FAILED)
      if (order === 'entry first') world.setStatus('cam', StreamStatus.FAILED, 'no frames')
      send(session, webm())
      session.settle()
      if (order === 'entry later') session.take({ _tag: 'StreamChanged', status: StreamStatus.FAILED, reason: 'no frames' })
      expect(session.closed, order).toEqual({ code: 4400, reason: 'the stream failed: no frames' })
    }
  })

  it('that meets the end of a stream whose window closed is told 4404', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    world.end('cam', EndReason.WINDOW_CLOSED)
    send(session, webm())
    expect(session.settle().closed?.code).toBe(4404)
  })

  it('answers ping at any time', () => {
    const world = new IngestWorld(1_000)
    const session = world.connect()
    session.say({ type: 'ping' })
    session.say({ type: 'start' })
    session.say({ type: 'ping' })
    session.settle()
    session.say({ type: 'ping' })
    expect(session.sent.filter(({ type }) => type === 'pong')).toHaveLength(3)
  })
})

describe('stop', () => {
  it('ends the log after all frames and answers when the stream is finished', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    send(session, webm())
    session.say({ type: 'stop' })
    session.settle()
    expect(world.recordsOf('cam').map(({ body }) => body.case)).toEqual(['open', 'chunk', 'end'])
    expect(session.last('stopped')).toBeUndefined()
    session.take({ _tag: 'StreamChanged', status: StreamStatus.ENDED, reason: '' })
    session.settle()
    expect(session.last('stopped')).toEqual({ type: 'stopped', recordingId: 'cam', status: 'ended', duration: 1_000, segmentsUploaded: 2, bytesUploaded: 3 })
    expect(session.closed?.code).toBe(1000)
  })

  it('is answered with what is known when the stream takes too long', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    session.say({ type: 'stop' })
    session.settle()
    world.mono_ms = world.settings.stop_ms
    session.take({ _tag: 'Tick' })
    session.settle()
    expect(session.last('stopped')?.recordingId).toBe('cam')
  })

  it('loses against a session that opened before it', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    const next = resume(world, token)
    session.say({ type: 'stop' })
    session.settle()
    expect(session.closed?.code).toBe(4409)
    expect(next.closed).toBeUndefined()
  })
})
