import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { TICK_MS } from '../../runtime/limits.ts'
import { samplesIn } from '../packager/testing/logRules.ts'
import { recording } from '../testing/recordings.ts'
import { defaultStreamSettings } from './StreamSettings.ts'
import type { Action } from './streamState.ts'
import { described, drive, fragmentsIn, hearChild, published } from './testing/drive.ts'
import { Inbox, inboxOf, StreamWorld } from './testing/StreamWorld.ts'

const NAME = '100ms-h264.webm'
const calm = { seed: 1, crashes: 0, drains: 0, refusals: 0, ticks: 0 }

const tags = (actions: ReadonlyArray<Action>): ReadonlyArray<string> => actions.map(({ _tag }) => _tag)
const only = <Tag extends Action['_tag']>(actions: ReadonlyArray<Action>, tag: Tag) => actions.filter((action): action is Extract<Action, { readonly _tag: Tag }> => action._tag === tag)

/** A world just where a record is on its way and frames wait for the next. */
const onItsWay = (): StreamWorld => {
  const world = new StreamWorld(inboxOf(recording(NAME)))
  drive(world, calm, () => world.media.length > 8 && world.appending !== undefined)
  return world
}

/** A world whose publisher says nothing more, all of whose frames are in the log. */
const quiet = (): StreamWorld => {
  const inbox = inboxOf(recording(NAME))
  inbox.entries.pop()
  const world = new StreamWorld(inbox)
  while (world.delivered < inbox.entries.length) world.deliver()
  settle(world)
  return world
}

/** Everything happens that is under way. */
const settle = (world: StreamWorld): void => {
  for (;;) {
    if (world.events.length > 0) hearChild(world)
    else if (world.appending !== undefined) world.append()
    else if (world.publishing.length > 0) published(world)
    else if (world.describing.length > 0) described(world)
    else return
  }
}

describe('a record', () => {
  it('is alone on its way, whatever happens meanwhile', () => {
    const world = onItsWay()
    const before = world.appending
    for (let i = 0; i < 40 && world.delivered < world.inbox.entries.length; i += 1) world.deliver()
    while (world.events.length > 0) hearChild(world)
    world.send({ _tag: 'Elapsed', timer: 'tick' })
    world.send({ _tag: 'Elapsed', timer: 'start' })
    expect(world.appending).toBe(before)
    const next = only(world.append(), 'Append')
    expect(next.length).toBe(1)
  })

  it('that a full log refused is offered again, the very same, and nothing else before it', () => {
    const world = onItsWay()
    const before = world.appending
    for (let i = 0; i < 3; i += 1) expect(only(world.refuse(), 'Append')).toEqual([before])
    expect(world.warnings.length).toBe(3)
    world.deliver()
    expect(world.appending).toEqual(before)
  })

  it('is made when FFmpeg pauses, and not before', () => {
    const world = quiet()
    world.inbox.chunk(new Uint8Array())
    const { run } = world.state
    const sample = (dts: number) => ({ dts, cts: 0, duration: 3_000, keyframe: false, data: new Uint8Array([1]) })
    const at = (world.state.packager.tracks[0]?.nextDts ?? 0) + 3_000
    expect(tags(world.send({ _tag: 'Child', run: run?.number ?? 0, event: { _tag: 'Samples', rendition: 'source', samples: [sample(at)] } }))).not.toContain('Append')
    expect(tags(world.send({ _tag: 'Child', run: run?.number ?? 0, event: { _tag: 'Samples', rendition: 'source', samples: [sample(at + 3_000)] } }))).not.toContain('Append')
    const [append] = only(world.send({ _tag: 'Child', run: run?.number ?? 0, event: { _tag: 'Quiet' } }), 'Append')
    expect(append?.record.body.case === 'fragments' ? append.record.body.value.fragments.reduce((sum, { frames }) => sum + frames, 0) : 0).toBe(2)
  })

  it('tells people who look at the mailbox how far it is read for good, and only forward', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm)
    const acknowledged = world.trace.flatMap(([, actions]) => only(actions, 'Acknowledge').map(({ seq }) => seq))
    expect(acknowledged.length).toBeGreaterThan(2)
    expect(acknowledged).toEqual([...new Set(acknowledged)].sort((a, b) => a - b))
  })
})

describe('what is not stored', () => {
  it('is not announced, nor described; what is, is', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm)
    for (const [message, actions] of world.trace) {
      if (tags(actions).includes('Publish')) expect(message).toMatch(/^(Appended|Described|Published)$/)
      if (only(actions, 'Describe').some(({ final }) => !final)) expect(message).toBe('Appended')
    }
    expect(world.announced.length).toBeGreaterThan(2)
  })

  it('is announced once, also while its announcement is under way', () => {
    const world = onItsWay()
    while (world.publishing.length === 0) {
      if (world.appending !== undefined) world.append()
      else if (world.events.length > 0) hearChild(world)
      else world.deliver()
    }
    const before = world.announced.length
    const tickets = world.publishing.map(({ ticket }) => ticket).filter((ticket) => ticket !== '')
    if (world.appending !== undefined) world.append()
    world.send({ _tag: 'Elapsed', timer: 'none' })
    expect(world.announced.slice(before).filter(({ rendition, msn }) => tickets.includes(`${rendition}/${msn}`))).toEqual([])
  })

  it('stays in the checkpoint until its announcement is stored', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm, () => world.publishing.length > 0)
    const waiting = world.publishing.find(({ ticket }) => ticket !== '')?.ticket
    expect(world.state.packager.unannounced.map(({ rendition, msn }) => `${rendition}/${msn}`)).toContain(waiting)
    world.send({ _tag: 'Published', ticket: waiting ?? '' })
    expect(world.state.packager.unannounced.map(({ rendition, msn }) => `${rendition}/${msn}`)).not.toContain(waiting)
  })

  it('is announced by the next owner', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm, () => world.publishing.length > 0)
    const lost = world.announced.map(({ rendition, msn, firstSeq, lastSeq, frames }) => [rendition, msn, firstSeq, lastSeq, frames])
    world.announced.splice(0)
    world.takeOver()
    drive(world, calm)
    expect(world.announced.map(({ rendition, msn, firstSeq, lastSeq, frames }) => [rendition, msn, firstSeq, lastSeq, frames])).toEqual(expect.arrayContaining(lost))
  })
})

describe('the end', () => {
  it('comes in order: FFmpeg has given all, the log has it, everyone is told of every segment, then of the end', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    while (world.delivered < world.inbox.entries.length) world.deliver()
    expect(world.state.run?.phase).toBe('Draining')
    while (world.events.length > 0) hearChild(world)
    while (world.appending !== undefined && world.appending.record.body.case !== 'end') world.append()
    expect(samplesIn(fragmentsIn(world), 'source').length).toBe(recording(NAME).frames)
    expect(world.appending?.record.body.value).toMatchObject({ reason: EndReason.STOPPED, detail: '' })
    expect(only(world.append(), 'Describe').some(({ final }) => final)).toBe(false)
    while (world.publishing.some(({ ticket }) => ticket !== '')) {
      expect(world.described.some(({ final }) => final)).toBe(false)
      published(world)
    }
    expect(world.described.at(-1)).toMatchObject({ status: StreamStatus.ENDED, reason: '', final: true })
    expect(world.done).toBeUndefined()
    while (world.describing.length > 0) described(world)
    expect(world.done?._tag).toBe('Finish')
  })

  it('says how long the stream was and what each rendition has', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm)
    const end = world.media.at(-1)?.record.body
    if (end?.case !== 'end') throw new Error('it ends')
    const log = fragmentsIn(world)
    expect(end.value.renditions.map(({ rendition, frames, segments }) => [rendition, Number(frames), segments])).toEqual(
      ['source', 'audio'].map((name) => [name, samplesIn(log, name).length, Math.max(...world.announced.filter(({ rendition }) => rendition === name).map(({ msn }) => msn)) + 1])
    )
    const spans = [...world.announced].map(({ start, duration, timescale }) => [Number(start) / timescale, Number(start + duration) / timescale] as const)
    const begin = Math.min(...spans.map(([from]) => from))
    expect(Math.abs(Number(end.value.durationMs) / 1_000 - (Math.max(...spans.map(([, until]) => until)) - begin))).toBeLessThan(0.1)
  })

  it('is written again by nobody: an owner that takes an ended stream over finishes it', () => {
    const world = new StreamWorld(inboxOf(recording(NAME)))
    drive(world, calm)
    world.takeOver()
    drive(world, calm)
    expect(world.done?._tag).toBe('Finish')
    const times = samplesIn(fragmentsIn(world), 'source')
    expect(times.length).toBe(recording(NAME).frames)
  })
})

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

describe('an FFmpeg that goes', () => {
  const exited = { _tag: 'Exited', code: 1, signal: null, complete: false, stderr: 'first line\nlast words\n' } as const

  it('before its time ends the activation, with its last words for people', () => {
    const world = onItsWay()
    const [restart] = only(world.send({ _tag: 'Child', run: world.state.run?.number ?? 0, event: exited }), 'Restart')
    expect(restart?.reason).toBe('FFmpeg exited with 1: last words')
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
  const { unannounced, segments } = world.media.at(-1)?.record.checkpoint ?? { unannounced: [], segments: [] }
  expect(unannounced.length).toBeGreaterThan(0)
  for (const { firstSeq, lastSeq } of unannounced) expect([firstSeq <= onItsWay, lastSeq]).toEqual([true, onItsWay])
  expect(segments.every(({ firstSeq }) => firstSeq > 0n && firstSeq <= onItsWay)).toBe(true)
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
