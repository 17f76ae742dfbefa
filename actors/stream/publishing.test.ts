import { describe, expect, it } from 'vitest'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { samplesIn } from '../packager/testing/logRules.ts'
import { recording } from '../testing/recordings.ts'
import { described, drive, fragmentsIn, hearChild, published } from './testing/drive.ts'
import { calm, NAME, onItsWay, only, quiet, tags } from './testing/moments.ts'
import { inboxOf, StreamWorld } from './testing/StreamWorld.ts'

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
    expect(tags(world.send({ _tag: 'Child', run: run?.number ?? 0, event: { _tag: 'Samples', rendition: 'source', samples: [sample(at + 3_000), sample(at + 6_000)] } }))).not.toContain('Append')
    const [append] = only(world.send({ _tag: 'Child', run: run?.number ?? 0, event: { _tag: 'Quiet' } }), 'Append')
    // Behind the last one the source has shown nothing: how long it lasts is not known.
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
