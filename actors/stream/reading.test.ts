import { describe, expect, it } from 'vitest'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { EndReason, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { LogEntry } from '../../runtime/Log.ts'
import { recording } from '../testing/recordings.ts'
import { BACKLOG_BYTES_LOW, FEED_BYTES_MAX, PENDING_BYTES_MAX } from './limits.ts'
import type { Action } from './streamState.ts'
import { drive, fragmentsIn } from './testing/drive.ts'
import { damaged } from './testing/lossyInbox.ts'
import { Inbox, inboxOf, joinedInboxOf, StreamWorld } from './testing/StreamWorld.ts'

const NAME = '100ms-h264.webm'
const calm = { seed: 1, crashes: 0, drains: 0, refusals: 0, ticks: 0 }

const fed = (actions: ReadonlyArray<Action>): number => actions.reduce((sum, action) => sum + (action._tag === 'Feed' ? action.bytes.byteLength : 0), 0)
const tags = (actions: ReadonlyArray<Action>): ReadonlyArray<string> => actions.map(({ _tag }) => _tag)

/** A world whose FFmpeg has had the first ten chunks. */
const running = (): StreamWorld => {
  const world = new StreamWorld(inboxOf(recording(NAME)))
  drive(world, calm, () => world.delivered > 10)
  return world
}

const framesOf = (world: StreamWorld): number => fragmentsIn(world).flatMap(({ body }) => body.fragments).filter(({ rendition }) => rendition === 'source').reduce((sum, { frames }) => sum + frames, 0)

describe('credit', () => {
  it('is used up by what FFmpeg has not taken: then nothing is fed, and what was delivered waits', () => {
    const world = running()
    const { run } = world.state
    if (run === undefined) throw new Error('FFmpeg runs')
    world.state = { ...world.state, run: { ...run, queuedBytes: FEED_BYTES_MAX } }
    expect(fed(world.deliver()) + fed(world.deliver())).toBe(0)
    expect(world.state.backlog.length).toBe(2)
    expect(fed(world.send({ _tag: 'Child', run: run.number, event: { _tag: 'Credit', bytes: 1 } }))).toBeGreaterThan(0)
  })

  it('is never exceeded by more than one item, however fast the publisher is', () => {
    const world = running()
    let queued = world.state.run?.queuedBytes ?? 0
    while (world.delivered < world.inbox.entries.length - 1) queued += fed(world.deliver())
    expect(world.state.run?.queuedBytes).toBe(queued)
    expect(queued).toBeLessThan(FEED_BYTES_MAX + Math.max(...world.inbox.entries.map(({ data }) => data.byteLength)))
  })

  it('is used up by frames that wait for the log', () => {
    const world = running()
    const { packager, run } = world.state
    const sample = { dts: 0, cts: 0, duration: 1, keyframe: false, data: new Uint8Array(PENDING_BYTES_MAX) }
    world.state = { ...world.state, appending: true, packager: { ...packager, tracks: packager.tracks.map((track, i) => (i === 0 ? { ...track, pending: [sample] } : track)) } }
    expect(run?.phase).toBe('Feeding')
    expect(fed(world.deliver())).toBe(0)
    expect(world.state.backlog.length).toBe(1)
  })

  it('asks for more only where there is room for it', () => {
    const world = running()
    expect(tags(world.send({ _tag: 'Elapsed', timer: 'none' }))).toContain('More')
    const full = { ...world.state, draining: true, backlogBytes: BACKLOG_BYTES_LOW }
    world.state = full
    expect(tags(world.send({ _tag: 'Elapsed', timer: 'none' }))).not.toContain('More')
    world.state = { ...full, backlogBytes: BACKLOG_BYTES_LOW - 1 }
    expect(tags(world.send({ _tag: 'Elapsed', timer: 'none' }))).toContain('More')
  })

  it('of an FFmpeg that has gone counts for nothing', () => {
    const world = running()
    const { run } = world.state
    if (run === undefined) throw new Error('FFmpeg runs')
    world.state = { ...world.state, run: { ...run, queuedBytes: 500 } }
    world.send({ _tag: 'Child', run: run.number - 1, event: { _tag: 'Credit', bytes: 400 } })
    expect(world.state.run?.queuedBytes).toBe(500)
  })
})

/** An inbox like that of the recording, changed. */
const changed = (change: (entries: ReadonlyArray<LogEntry>) => ReadonlyArray<LogEntry>, pieceBytes?: number): Inbox => {
  const inbox = inboxOf(recording(NAME), pieceBytes)
  const entries = change(inbox.entries).map((entry, i) => ({ ...entry, seq: i + 1 }))
  inbox.entries.splice(0, inbox.entries.length, ...entries)
  return inbox
}

const without = (index: number) => (entries: ReadonlyArray<LogEntry>) => entries.filter((_, i) => i !== index)

const driven = (inbox: Inbox): StreamWorld => {
  const world = new StreamWorld(inbox)
  drive(world, calm)
  return world
}

describe('chunks', () => {
  it('that come again are dropped, in whole or in pieces', () => {
    const again = (entries: ReadonlyArray<LogEntry>) => entries.flatMap((entry, i) => (i > 4 && i % 5 === 0 && i < entries.length - 1 ? [entry, ...entries.slice(2, i + 1)] : [entry]))
    for (const pieceBytes of [undefined, 4_000]) {
      const world = driven(changed(again, pieceBytes))
      expect(world.warnings).toEqual([])
      expect(framesOf(world)).toBe(recording(NAME).frames)
    }
  })

  const expectLoss = (world: StreamWorld, reason: RegExp, lost: number, kind = LossKind.MISSING): void => {
    expect(world.done?._tag).toBe('Finish')
    expect(world.warnings.join()).toMatch(reason)
    const end = world.media.at(-1)?.record
    expect(end?.body.case === 'end' ? end.body.value.reason : undefined).toBe(EndReason.STOPPED)
    expect(end?.checkpoint).toMatchObject({ lostChunks: BigInt(lost), losses: [{ kind, chunks: lost, epoch: 0, reason: expect.stringMatching(reason) }] })
    expect(world.described.at(-1)?.record.checkpoint?.losses).toHaveLength(1)
    expect(world.heard('loss').map(({ event }) => event.value)).toMatchObject([{ kind, chunks: lost }])
  }

  it('that are missing are a loss: the stream goes on at the next keyframe, behind a discontinuity, and everyone learns of it', () => {
    const world = driven(changed(without(20)))
    expectLoss(world, /chunk 19 is missing$/, 1)
    expect(world.media.at(-1)?.record.checkpoint?.discontinuities).toBe(1)
    expect(world.media.at(-1)?.record.checkpoint?.losses).toMatchObject([{ firstSeq: 19, resumedSeq: 26 }])
    expect(framesOf(world)).toBeGreaterThan(90)
    expect(framesOf(world)).toBeLessThan(recording(NAME).frames)
  })

  it('that are missing are all counted', () => {
    expectLoss(driven(changed((entries) => entries.filter((_, i) => i < 20 || i > 22))), /chunk 19 is missing$/, 3)
  })

  it('of which a piece is missing are a loss', () => {
    for (const index of [16, 17, 18, 19]) expectLoss(driven(changed(without(index), 400)), /chunk \d+ is missing$/, 1)
  })

  it('that hold the header take the whole epoch with them, and the next epoch is read', () => {
    const { mimeType, chunks, frames } = recording(NAME)
    const inbox = changed(without(1))
    inbox.entries.pop()
    expect(framesOf(driven(changed(without(1))))).toBe(0)
    inbox.open(mimeType)
    for (const { bytes } of chunks) inbox.chunk(bytes)
    inbox.end()
    for (const crashes of [0, 4]) {
      const world = new StreamWorld(inbox)
      drive(world, { ...calm, seed: 5, crashes, ticks: 0.1 })
      expect(world.media.at(-1)?.record.checkpoint?.losses).toMatchObject([{ kind: LossKind.HEADER, chunks: 1, epoch: 0, resumedSeq: 0 }])
      expect(framesOf(world)).toBe(frames)
    }
  })

  it('with another checksum than they were sent with are a loss, and never fed', () => {
    const damage = (entries: ReadonlyArray<LogEntry>) => entries.map((entry, i) => {
      if (i !== 20) return entry
      const record = fromBinary(IngestRecordSchema, entry.data)
      if (record.body.case !== 'chunk') throw new Error('a chunk')
      const data = record.body.value.data.slice()
      data[100] = (data[100] ?? 0) ^ 1
      return { ...entry, data: toBinary(IngestRecordSchema, create(IngestRecordSchema, { ...record, body: { case: 'chunk', value: { ...record.body.value, data } } })) }
    })
    expectLoss(driven(changed(damage)), /chunk 19 is damaged$/, 1, LossKind.DAMAGED)
  })

  it('that cannot even be decoded are a loss, and a resumption that cannot be is none', () => {
    const garbage = (index: number) => (entries: ReadonlyArray<LogEntry>) => entries.map((entry, i) => (i === index ? { ...entry, data: new Uint8Array([255, 255, 255]) } : entry))
    const world = driven(changed(garbage(20)))
    expectLoss(world, /chunk 19 is missing$/, 1)
    expect(world.warnings[0]).toBe('record 21 of the inbox cannot be decoded')
    expectLoss(driven(changed((entries) => garbage(entries.length - 2)(entries))), /record \d+ of the inbox cannot be decoded/, 1, LossKind.DAMAGED)
    const { mimeType, chunks, frames } = recording(NAME)
    const inbox = new Inbox()
    inbox.open(mimeType)
    for (const [i, { bytes }] of chunks.entries()) {
      inbox.chunk(bytes)
      if (i === 9) inbox.entries.push({ seq: inbox.entries.length + 1, subject: 'ingest.s', time_ms: 0, data: new Uint8Array([255, 255, 255]) })
    }
    inbox.end()
    const resumed = driven(inbox)
    expect(framesOf(resumed)).toBe(frames)
    expect(resumed.media.at(-1)?.record.checkpoint?.losses).toEqual([])
  })

  it('of an epoch whose own first record is lost are read all the same', () => {
    const { chunks, frames } = recording(NAME)
    const inbox = inboxOf(recording(NAME))
    inbox.entries.pop()
    inbox.open('video/webm')
    const lost = inbox.entries.length - 1
    for (const { bytes } of chunks) inbox.chunk(bytes)
    inbox.end()
    inbox.entries.splice(lost, 1)
    inbox.entries.forEach((entry, i) => (inbox.entries[i] = { ...entry, seq: i + 1 }))
    expect(framesOf(driven(inbox))).toBe(2 * frames)
  })

  it('that are no WebM end the stream with the reason', () => {
    const inbox = new Inbox()
    inbox.open('video/webm')
    inbox.chunk(new TextEncoder().encode('this is no video, whatever it says'))
    const world = driven(inbox)
    const end = world.media.at(-1)?.record.body
    expect(end?.case === 'end' ? end.value.detail : '').not.toBe('')
    expect(world.described.at(-1)).toMatchObject({ status: StreamStatus.FAILED, final: true })
  })

  it('of an earlier epoch are dropped', () => {
    const other = recording('videoonly-h264.webm')
    const inbox = inboxOf(recording(NAME))
    const straggler = inbox.entries[5]
    const end = inbox.entries.pop()
    if (straggler === undefined || end === undefined) throw new Error('a chunk and an end')
    inbox.open(other.mimeType)
    for (const [i, { bytes }] of other.chunks.entries()) {
      if (i === 4) inbox.entries.push({ ...straggler, seq: inbox.entries.length + 1 })
      inbox.chunk(bytes)
    }
    inbox.end()
    const world = driven(inbox)
    expect(world.warnings).toEqual([])
    expect(framesOf(world)).toBe(recording(NAME).frames + other.frames)
  })
})

describe('records of several chunks', () => {
  /** Records of five chunks, changed. */
  const joined = (change: (entries: ReadonlyArray<LogEntry>) => ReadonlyArray<LogEntry>): Inbox => {
    const inbox = joinedInboxOf(recording(NAME), 5)
    const entries = change(inbox.entries).map((entry, i) => ({ ...entry, seq: i + 1 }))
    inbox.entries.splice(0, inbox.entries.length, ...entries)
    return inbox
  }
  const lossesOf = (world: StreamWorld) => world.media.at(-1)?.record.checkpoint?.losses

  it('that overlap what was read give what is new of them', () => {
    const { mimeType, chunks, frames } = recording(NAME)
    const inbox = new Inbox()
    inbox.open(mimeType)
    inbox.joined(chunks.slice(0, 12).map(({ bytes }) => bytes))
    const again = new Inbox()
    again.open(mimeType)
    for (const { bytes } of chunks.slice(0, 8)) again.chunk(bytes)
    again.joined(chunks.slice(8, 20).map(({ bytes }) => bytes))
    for (const { bytes } of chunks.slice(20)) again.chunk(bytes)
    again.end()
    inbox.entries.push(...again.entries.slice(9).map((entry, i) => ({ ...entry, seq: i + 3 })))
    const world = driven(inbox)
    expect([world.warnings, lossesOf(world), framesOf(world)]).toEqual([[], [], frames])
  })

  it('are a loss of as many, where they are missing, and where they are damaged', () => {
    const gone = driven(joined(without(5)))
    expect(lossesOf(gone)).toMatchObject([{ kind: LossKind.MISSING, firstSeq: 20, chunks: 5, resumedSeq: 26 }])
    const hurt = driven(joined((entries) => entries.map((entry, i) => (i === 5 ? damaged(entry) : entry))))
    expect(lossesOf(hurt)).toMatchObject([{ kind: LossKind.DAMAGED, firstSeq: 20, chunks: 5, resumedSeq: 26 }])
    expect(framesOf(hurt)).toBe(framesOf(gone))
  })

  it('keep what is known of the chunk that a successor resumes in', () => {
    const world = new StreamWorld(joined(without(5)))
    drive(world, { ...calm, seed: 3, crashes: 5 })
    expect(lossesOf(world)).toMatchObject([{ kind: LossKind.MISSING, firstSeq: 20, chunks: 5, resumedSeq: 26 }])
  })
})

it('chunks that were acknowledged, and that the log no longer had when their publisher came back, are a loss', () => {
  const { mimeType, chunks } = recording(NAME)
  for (const until of [chunks.length, 20]) {
    const inbox = new Inbox()
    inbox.open(mimeType)
    for (const [i, { bytes }] of chunks.slice(0, until).entries()) {
      inbox.chunk(bytes)
      if (i !== 19) continue
      inbox.entries.splice(-2)
      inbox.resume(mimeType)
    }
    inbox.end()
    inbox.entries.forEach((entry, i) => (inbox.entries[i] = { ...entry, seq: i + 1 }))
    const world = driven(inbox)
    expect(world.media.at(-1)?.record.checkpoint).toMatchObject({ lostChunks: 2n, losses: [{ kind: LossKind.MISSING, firstSeq: 18, chunks: 2 }] })
  }
})

it('a publisher that comes back goes on where it was', () => {
  const { mimeType, chunks, frames } = recording(NAME)
  const inbox = new Inbox()
  inbox.open(mimeType)
  for (const [i, { bytes }] of chunks.entries()) {
    inbox.chunk(bytes)
    if (i % 10 === 3) inbox.resume(mimeType)
  }
  inbox.end()
  const world = driven(inbox)
  expect(framesOf(world)).toBe(frames)
  expect(world.media.at(-1)?.record.checkpoint?.discontinuities).toBe(0)
})

it('a stream of which nothing but its end comes ends with nothing', () => {
  const inbox = new Inbox()
  inbox.open('video/webm')
  inbox.end()
  const world = driven(inbox)
  expect(world.media.map(({ record }) => record.body.case)).toEqual(['takeOver', 'end'])
  expect(world.described.at(-1)).toMatchObject({ status: StreamStatus.ENDED, final: true })
})
