import { describe, expect, it } from 'vitest'
import { encodeIngestRecord } from '../../actors/inbox/ingestRecord.ts'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { IngestWorld, readFrames } from './testing/ingestWorld.ts'
import { begin, bytes, resume, send, webm } from './testing/simulatedPublisher.ts'

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

  it('that come while a record is on its way share the next, and are acknowledged with it', () => {
    const world = new IngestWorld(1_000)
    const { session } = begin(world)
    send(session, webm())
    for (let i = 0; i < 20; i++) send(session, bytes(i))
    session.answer()
    session.answer()
    expect(session.sent.filter(({ type }) => type === 'ack')).toEqual([{ type: 'ack', seq: 0, bytes: 8 }, { type: 'ack', seq: 20, bytes: 198 }])
    expect(world.recordsOf('cam').map(({ body }) => (body.case === 'chunk' ? body.value.joined.length : body.case))).toEqual(['open', 0, 20])
    expect(readFrames(world.recordsOf('cam')).map((frame) => frame.bytes.length)).toEqual([8, ...Array.from({ length: 20 }, (_, i) => i)])
  })

  it('share a record only as far as it holds them, and not with one that needs several', () => {
    const world = new IngestWorld(10)
    const { session, token } = begin(world)
    for (const frame of [webm(), bytes(6), bytes(4), bytes(1), bytes(25), bytes(10), bytes(0), bytes(3)]) send(session, frame)
    session.settle()
    expect(world.recordsOf('cam').map(({ body }) => (body.case === 'chunk' ? [body.value.seq, body.value.joined.length, body.value.data.length] : body.case)))
      .toEqual(['open', [0, 0, 8], [1, 2, 10], [3, 0, 1], [4, 0, 10], [4, 0, 10], [4, 0, 5], [5, 2, 10], [7, 0, 3]])
    expect(session.last('ack')).toEqual({ type: 'ack', seq: 7, bytes: 57 })
    expect(resume(world, token).last('resumed')?.nextSeq).toBe(8)
  })

  for (const [what, position] of [['numbers', { nextSeq: 0xffff_fffe }], ['bytes', { nextSeq: 9, nextOffset: BigInt(Number.MAX_SAFE_INTEGER) - 5n }]] as const) {
    it(`for which an epoch has no ${what} left are refused, and a new epoch takes them`, () => {
      const world = new IngestWorld(1_000)
      const { token } = begin(world)
      const open = { case: 'open' as const, value: { session: 1, mimeType: 'video/webm', ...position } }
      world.append('cam', world.headSeq('cam'), encodeIngestRecord({ body: open }))
      const session = resume(world, token)
      for (let i = 0; i < 2; i++) send(session, webm().subarray(0, 4))
      session.settle()
      expect(session.closed).toEqual({ code: 4400, reason: 'the epoch is as long as one may be: start a new one' })
      expect(begin(world, { publisherToken: token }).started).toMatchObject({ epoch: 1, nextSeq: 0 })
    })
  }

  it('whose log loses the newest record under them are to be resumed: nobody else has the stream', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    send(session, webm())
    session.settle()
    world.records.splice(-1, 1, ...world.records.slice(-1).map((stored) => ({ ...stored, id: 'gone' })))
    send(session, bytes(4))
    session.settle()
    expect(session.closed?.code).toBe(1013)
    const next = world.connect()
    next.say({ type: 'resume', recordingId: 'cam', epoch: 0, publisherToken: token, acked: session.last('ack') })
    expect(next.settle().last('resumed')?.nextSeq).toBe(1)
  })

  it('that share the newest record are all behind a publisher who resumes, and those of a lost answer come no second time', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    for (const frame of [webm(), bytes(6), bytes(4), bytes(1)]) send(session, frame)
    session.answer()
    session.answer()
    const next = resume(world, token)
    expect(next.last('resumed')).toEqual({ type: 'resumed', epoch: 0, nextSeq: 4 })
    send(next, bytes(2))
    next.settle()
    expect(next.last('ack')).toEqual({ type: 'ack', seq: 4, bytes: 21 })
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

  it('that comes upon another record is told to resume where the log does not say whose that is', () => {
    const world = new IngestWorld(1_000)
    const { session, token } = begin(world)
    resume(world, token)
    session.say({ type: 'stop' })
    while (session.asking?._tag !== 'ReadHead') session.answer()
    world.mono_ms = world.settings.open_ms
    session.take({ _tag: 'Tick' })
    expect(session.closed?.code).toBe(1013)
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
