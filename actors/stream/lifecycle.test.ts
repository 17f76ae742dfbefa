import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { EndReason, IngestRecordSchema } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { TICK_MS } from '../../runtime/limits.ts'
import { samplesIn } from '../packager/testing/logRules.ts'
import { recording } from '../testing/recordings.ts'
import { defaultStreamSettings } from './StreamSettings.ts'
import type { Action } from './streamState.ts'
import { drive, fragmentsIn, hearChild } from './testing/drive.ts'
import { calm, NAME, onItsWay, only, quiet, settle, tags } from './testing/moments.ts'
import { Inbox, inboxOf, StreamWorld } from './testing/StreamWorld.ts'

describe('a publisher that stays away', () => {
  const windows = (actions: ReadonlyArray<Action>) => only(actions, 'SetTimer').filter(({ timer }) => timer === 'window').map(({ after_ms }) => after_ms)

  it('ends the stream when the window closes, unless something has come that was not read yet', () => {
    const world = quiet()
    const ends = only(world.send({ _tag: 'Elapsed', timer: 'window' }), 'EndIngest')
    expect(ends).toEqual([{ _tag: 'EndIngest', reason: EndReason.WINDOW_CLOSED, ifHead: world.delivered }])
    drive(world, calm)
    const end = world.media.at(-1)?.record.body
    expect(end?.case === 'end' ? end.value.reason : undefined).toBe(EndReason.WINDOW_CLOSED)
    expect(samplesIn(fragmentsIn(world), 'source').length).toBe(recording(NAME).frames)
  })

  it('has the whole window from its last chunk, from a new owner and from a reconnection', () => {
    const world = quiet()
    const window = [defaultStreamSettings.reconnectWindow_ms]
    world.inbox.chunk(new Uint8Array())
    expect(windows(world.deliver())).toEqual(window)
    expect(windows(world.send({ _tag: 'Reconnected' }))).toEqual(window)
    expect(windows(world.send({ _tag: 'Elapsed', timer: 'window' }))).toEqual(window)
    world.takeOver()
    expect(world.timers.has('window')).toBe(true)
  })

  it('is not taken for gone while what came is not read; the window runs again', () => {
    const world = quiet()
    world.inbox.chunk(new Uint8Array([1]))
    world.state = { ...world.state, run: world.state.run === undefined ? undefined : { ...world.state.run, queuedBytes: 1e9 } }
    world.deliver()
    const actions = world.send({ _tag: 'Elapsed', timer: 'window' })
    expect(only(actions, 'EndIngest')).toEqual([])
    expect(windows(actions).length).toBe(1)
  })

  it('is seen as such also by an owner that finds nothing new', () => {
    const inbox = new Inbox()
    inbox.open('video/webm')
    const world = new StreamWorld(inbox)
    world.deliver()
    world.send({ _tag: 'Elapsed', timer: 'tick' })
    world.append()
    world.takeOver()
    expect(world.delivered).toBe(1)
    world.send({ _tag: 'Elapsed', timer: 'window' })
    drive(world, calm)
    expect(world.done?._tag).toBe('Finish')
  })
})

describe('a drain', () => {
  it('stores what waits before it lets go, reads nothing more, and the next owner loses nothing', () => {
    const world = onItsWay()
    const { delivered } = world
    expect(tags(world.send({ _tag: 'Drain' }))).not.toContain('Release')
    world.deliver()
    expect(world.state.backlog.length).toBe(1)
    while (world.appending !== undefined) {
      expect(world.done).toBeUndefined()
      world.append()
    }
    expect(world.done?._tag).toBe('Release')
    expect(world.delivered).toBe(delivered + 1)
    drive(world, calm)
    expect(samplesIn(fragmentsIn(world), 'source').length).toBe(recording(NAME).frames)
  })
})

it('an owner that hands over leaves the end to the next one', () => {
  const world = new StreamWorld(inboxOf(recording(NAME)))
  while (world.delivered < world.inbox.entries.length) world.deliver()
  while (world.events.length > 0) hearChild(world)
  world.send({ _tag: 'Drain' })
  while (world.done === undefined) expect(tags(world.append()).filter((tag) => tag === 'Append' || tag === 'Release').length).toBe(1)
  expect(world.media.some(({ record }) => record.body.case === 'end')).toBe(false)
  drive(world, calm)
  expect(samplesIn(fragmentsIn(world), 'source').length).toBe(recording(NAME).frames)
})

it('a stream ends at once behind epochs of which nothing came', () => {
  const inbox = inboxOf(recording(NAME))
  inbox.entries.pop()
  for (let epoch = 1; epoch <= 3; epoch += 1) inbox.open(recording(NAME).mimeType)
  inbox.end()
  const world = new StreamWorld(inbox)
  drive(world, calm)
  expect([world.media.at(-1)?.record.body.case, world.done?._tag]).toEqual(['end', 'Finish'])
  expect(samplesIn(fragmentsIn(world), 'source').length).toBe(recording(NAME).frames)
})

describe('an FFmpeg that goes', () => {
  const exited = { _tag: 'Exited', code: 1, signal: null, complete: false, stderr: 'first line\nlast words\n' } as const

  it('before its time ends the activation, with its last words for people', () => {
    const world = onItsWay()
    const [restart] = only(world.send({ _tag: 'Child', run: world.state.run?.number ?? 0, event: exited }), 'Restart')
    expect(restart?.reason).toBe('FFmpeg exited with 1: last words')
  })

  it('is not trusted with frames whose times go back, nor let into a fragment', () => {
    for (const order of [[0, -3_000], [-90_000]]) {
      const world = onItsWay()
      const newest = world.state.packager.tracks.find(({ name }) => name === 'source')?.nextDts ?? 0
      const samples = order.map((from) => ({ dts: newest + from, cts: 0, duration: 3_000, keyframe: false, data: new Uint8Array(9) }))
      const [restart] = only(world.send({ _tag: 'Child', run: world.state.run?.number ?? 0, event: { _tag: 'Samples', rendition: 'source', samples } }), 'Restart')
      expect(restart).toEqual({ _tag: 'Restart', reason: 'FFmpeg gave source frames whose times go back', broke: true })
    }
  })

  it('is none of this run if it is an older one', () => {
    const world = onItsWay()
    expect(tags(world.send({ _tag: 'Child', run: 0, event: exited }))).not.toContain('Restart')
  })

  it('after its input has ended, with an output broken off, has not done its work', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    while (world.delivered < world.inbox.entries.length) world.deliver()
    expect(tags(world.send({ _tag: 'Child', run: 1, event: { ...exited, code: 0 } }))).toContain('Restart')
  })
})

it('an init segment that differs after a restart begins a discontinuity, on the same clock, numbered on', () => {
  const world = onItsWay()
  world.takeOver()
  while (!world.events.some(({ event }) => event._tag === 'Init')) world.deliver()
  world.events = world.events.map(({ run, event }) => ({ run, event: event._tag === 'Init' && event.rendition === 'source' ? { ...event, bytes: new Uint8Array([7]) } : event }))
  settle(world)
  while (world.media.at(-1)?.record.body.case !== 'fragments') {
    world.deliver()
    settle(world)
  }
  const at = world.media.findIndex(({ record }) => record.body.case === 'discontinuity')
  expect(at).toBeGreaterThan(0)
  const behind = world.media.slice(at + 1).find(({ record }) => record.body.case === 'fragments')?.record
  expect(behind?.checkpoint?.anchorWallMs).toBe(1_700_000_000_000n)
  expect(behind?.body.case === 'fragments' ? behind.body.value.inits.map(({ rendition, number }) => [rendition, number]) : []).toEqual([['source', 1], ['audio', 0]])
})

it('what is put behind a record on its way cites that record, and not itself', () => {
  const world = new StreamWorld(inboxOf(recording(NAME)))
  drive(world, calm, () => world.appending !== undefined && world.state.packager.tracks.some(({ name, lastPts }) => name === 'audio' && lastPts >= 0))
  const before = world.media.length
  world.send({ _tag: 'Child', run: 1, event: { _tag: 'Init', rendition: 'audio', bytes: new Uint8Array([7]), info: { kind: 'audio', timescale: 48_000, codec: 'mp4a.40.2' } } })
  world.append()
  world.append()
  const onItsWay = BigInt(before + 1)
  expect(world.media.slice(before).map(({ record }) => record.body.case)).toEqual(['fragments', 'discontinuity'])
  const { unannounced, segments, windowStartMsn, openedMsn } = world.media.at(-1)?.record.checkpoint ?? { unannounced: [], segments: [], windowStartMsn: 0, openedMsn: -1 }
  expect(unannounced.length).toBeGreaterThan(0)
  for (const { firstSeq, lastSeq } of unannounced) expect([firstSeq <= onItsWay, lastSeq]).toEqual([true, onItsWay])
  expect(segments.slice(0, openedMsn - windowStartMsn + 1).every(({ firstSeq }) => firstSeq > 0n && firstSeq <= onItsWay)).toBe(true)
})

it('a quiet stream shows that it is there, again and again', () => {
  const world = quiet()
  for (let i = 0; i < 3; i += 1) {
    const [append] = only(world.send({ _tag: 'Elapsed', timer: 'tick' }), 'Append')
    expect(append?.record.body.case).toBe('tick')
    expect(only(world.append(), 'SetTimer')).toContainEqual({ _tag: 'SetTimer', timer: 'tick', after_ms: TICK_MS })
  }
})

it('a source that begins anew has no tick before its header is whole: no successor could begin there', () => {
  const { mimeType, chunks } = recording(NAME)
  const inbox = new Inbox()
  inbox.open(mimeType)
  for (const { bytes } of chunks) inbox.chunk(bytes)
  inbox.chunk(chunks[0]?.bytes.subarray(0, 60) ?? new Uint8Array())
  const world = new StreamWorld(inbox)
  drive(world, calm, () => world.state.run?.inMiddle === true && world.appending === undefined)
  expect(world.state.run?.phase).toBe('Gathering')
  expect(tags(world.send({ _tag: 'Elapsed', timer: 'tick' }))).not.toContain('Append')
  const { frames } = recording(NAME)
  world.takeOver()
  inbox.end()
  drive(world, calm)
  expect(samplesIn(fragmentsIn(world), 'source').length).toBe(frames)
})

it('whoever asks is told the checkpoint of the last record stored', () => {
  const world = onItsWay()
  const [reply] = only(world.send({ _tag: 'Asked', question: 5, body: new Uint8Array() }), 'Reply')
  expect(reply?.question).toBe(5)
  expect(reply === undefined ? undefined : fromBinary(CheckpointSchema, reply.body)).toEqual(world.media.at(-1)?.record.checkpoint)
})

it('chunks that came late do not make the wall clock leap where a successor goes on with what is published', () => {
  const inbox = inboxOf(recording(NAME))
  const late = inbox.entries.map((entry, index) => {
    const record = fromBinary(IngestRecordSchema, entry.data)
    return { ...entry, data: toBinary(IngestRecordSchema, { ...record, receivedAtMs: record.receivedAtMs + BigInt(index < 3 ? 0 : 5_000) }) }
  })
  inbox.entries.splice(0, inbox.entries.length, ...late)
  const world = new StreamWorld(inbox)
  drive(world, calm, () => world.delivered >= 14)
  settle(world)
  const clockOf = () => Number(world.media.at(-1)?.record.checkpoint?.anchorWallMs) - Number(world.media.at(-1)?.record.checkpoint?.anchorTicks) / 90
  const before = { clock: clockOf(), records: world.media.length, discontinuities: world.media.at(-1)?.record.checkpoint?.discontinuities }
  world.takeOver()
  drive(world, calm, () => fragmentsIn(world).length > 0 && world.media.length > before.records + 3)
  expect(world.media.at(-1)?.record.checkpoint?.discontinuities).toBe(before.discontinuities)
  expect(clockOf()).toBeCloseTo(before.clock, 0)
})
