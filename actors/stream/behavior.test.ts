import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MESSAGE_OVERHEAD_BYTES } from '../../runtime/limits.ts'
import { brokenAnnouncements, brokenNumbers, brokenTimes, renditionNames, samplesIn } from '../packager/testing/logRules.ts'
import { applyRecord } from '../playlist/applyRecord.ts'
import { openWindow } from '../playlist/liveWindow.ts'
import { chunksOf, containerOf, factsOf, readSource } from '../testing/readSource.ts'
import { recording, type Recording } from '../testing/recordings.ts'
import { decideStream } from './behavior.ts'
import { drive, fragmentsIn, type Weather } from './testing/drive.ts'
import { Inbox, inboxOf, joinedInboxOf, StreamWorld } from './testing/StreamWorld.ts'

const calm: Weather = { seed: 1, crashes: 0, drains: 0, refusals: 0, ticks: 0 }
const weathers = (most: Partial<Weather>): fc.Arbitrary<Weather> =>
  fc.record({ seed: fc.nat(), crashes: fc.nat(most.crashes ?? 0), drains: fc.nat(most.drains ?? 0), refusals: fc.constantFrom(0, 0.2), ticks: fc.constantFrom(0, 0.03) })

const names = ['100ms-h264.webm', '100ms-avc3.mp4', 'videoonly-h264.webm', 'videoonly-avc1.mp4', 'audioonly.webm', 'stall-h264.webm', 'vp8.webm', 'resize-h264.webm', 'resize-vp8.webm', 'videoends-h264.webm']
const ladders = fc.constantFrom<ReadonlyArray<number>>([], [240])
const AAC_FRAME = 1_024

const published = (inbox: Inbox, weather: Weather, ladder: ReadonlyArray<number> = [], messageBytesMax?: number): StreamWorld => {
  const world = new StreamWorld(inbox, { ladder, liveWindow_ms: 6_000 }, messageBytesMax)
  drive(world, weather)
  return world
}

/** Presentation times of the source's pictures, 90 kHz, and how often its codec parameters change. */
const truthOf = (of: Recording): { readonly pictures: ReadonlyArray<number>; readonly changes: number } => {
  const reading = readSource(containerOf(of), chunksOf(of.chunks.map(({ bytes }) => bytes)))
  return { pictures: factsOf(reading, 'VideoFrame').map(({ pts }) => pts), changes: factsOf(reading, 'ParametersChanged').length }
}

/** What a frame of the simulated FFmpeg says of itself: its time in the source. */
const timeOf = (data: Uint8Array): number => Number(/@(-?\d+)/.exec(new TextDecoder().decode(data))?.[1])

/** Not the silence that joins sound on to sound at a discontinuity. */
const isOfSource = ({ data }: { readonly data: Uint8Array }): boolean => Number.isFinite(timeOf(data))

/** Where a still begins and ends in a recording, if its owners have seen how far apart keyframes are. */
const pictureGaps = new Map([['stall-h264.webm', 2], ['videoends-h264.webm', 1]])

const expectWhole = (world: StreamWorld, recordings: ReadonlyArray<string>, replacements = 0): void => {
  expect(world.done?._tag).toBe('Finish')
  const log = fragmentsIn(world)
  const truths = recordings.map((name) => truthOf(recording(name)))
  const breaks = truths.reduce((sum, { changes }) => sum + changes, recordings.length - 1)
  const pictures = truths.flatMap((truth) => truth.pictures)
  const stills = (world.media.at(-1)?.record.checkpoint?.discontinuities ?? 0) - breaks - replacements
  expect([0, ...recordings.map((name) => pictureGaps.get(name) ?? 0)]).toContain(stills)
  for (const rendition of renditionNames(log)) {
    const times = samplesIn(log, rendition).filter(isOfSource).map(({ data }) => timeOf(data))
    if (rendition !== 'audio') expect(times).toEqual(pictures)
    else expect(times.filter((time, i) => i > 0 && time !== (times[i - 1] ?? 0) + AAC_FRAME).length).toBe(breaks + stills)
  }
  if (pictures.length > 0) expect(renditionNames(log)).toContain('source')
  expect([brokenNumbers(log), brokenTimes(log)]).toEqual([[], []])
  expect(cutsWithoutKeyframe(world, log)).toEqual([])
  const once = world.announced.filter((closed, i, all) => all.findIndex(({ rendition, msn }) => rendition === closed.rendition && msn === closed.msn) === i)
  expect(brokenAnnouncements(log, once)).toEqual([])
  expectReadable(world)
}

/** Owners whose encoder did not begin with a keyframe: what they dropped of its first frames, they needed. */
const cutsWithoutKeyframe = (world: StreamWorld, log: ReturnType<typeof fragmentsIn>): ReadonlyArray<number> =>
  world.media.filter(({ record }) => record.body.case === 'takeOver').flatMap(({ seq }) => {
    const first = log.filter((record) => record.seq > seq).flatMap(({ body }) => body.fragments).find(({ rendition }) => rendition === '240p')
    return first === undefined || first.independent ? [] : [seq]
  })

/** Whoever reads from the start, and whoever comes late and begins where a record's checkpoint says, can play all of it. */
const expectReadable = (world: StreamWorld): void => {
  const problems = (from: number, startMsn: number, until: number) => {
    const window = openWindow(startMsn)
    const found = world.media.filter(({ seq }) => seq >= from && seq <= until).flatMap(({ seq, record }) => applyRecord(window, seq, record).problems)
    const without = [...window.renditions.values()].filter(({ inits, segments }) => [...segments.values()].some(({ init }) => !inits.has(init)))
    return [...found, ...without.map(({ name }) => `${name} lacks an init segment from ${from} to ${until}`)]
  }
  expect(problems(1, 0, Number.POSITIVE_INFINITY)).toEqual([])
  for (const { seq, record } of world.media.filter((_, i) => i % 7 === 3)) {
    const { windowStartSeq, windowStartMsn } = record.checkpoint ?? { windowStartSeq: 0n, windowStartMsn: 0 }
    if (windowStartSeq > 0n) expect(problems(Number(windowStartSeq), windowStartMsn, seq)).toEqual([])
  }
}

describe('a stream comes out whole and playable', () => {
  for (const name of names) {
    it(`in whatever order things happen: ${name}`, () => {
      fc.assert(fc.property(weathers({}), ladders, (weather, ladder) => {
        expectWhole(published(inboxOf(recording(name)), weather, ladder), [name])
      }), { numRuns: 4 })
    })

    it(`also when its owners die or hand over at any moment: ${name}`, () => {
      fc.assert(fc.property(weathers({ crashes: 6, drains: 3 }), ladders, (weather, ladder) => {
        expectWhole(published(inboxOf(recording(name)), weather, ladder), [name])
      }), { numRuns: 12 })
    })
  }

  it('where no message carries more than a few frames, so that records and chunks go as pieces', () => {
    fc.assert(fc.property(weathers({ crashes: 4, drains: 1 }), fc.integer({ min: 500, max: 1_000 }), (weather, room) => {
      const world = published(inboxOf(recording('100ms-h264.webm'), 5_000), weather, [240], MESSAGE_OVERHEAD_BYTES + room)
      expectWhole(world, ['100ms-h264.webm'])
      expect(world.media.some(({ record }) => record.body.case === 'piece')).toBe(true)
    }), { numRuns: 30 })
  })

  it('where records hold several chunks', () => {
    const which = fc.constantFrom('100ms-h264.webm', '100ms-avc3.mp4', 'resize-h264.webm')
    fc.assert(fc.property(weathers({ crashes: 5, drains: 2 }), which, fc.integer({ min: 2, max: 40 }), (weather, name, each) => {
      expectWhole(published(joinedInboxOf(recording(name), each), weather, [240]), [name])
    }), { numRuns: 20 })
  })

  it('where the publisher begins anew, with another source', () => {
    const begun = fc.constantFrom(['100ms-h264.webm', '100ms-avc3.mp4'], ['videoends-h264.webm', '100ms-h264.webm'], ['audioonly.webm', 'audioonly.webm', 'audioonly.webm'], ['100ms-h264.webm', '100ms-h264.webm'])
    fc.assert(fc.property(weathers({ crashes: 6, drains: 2 }), begun, (weather, recordings) => {
      const inbox = new Inbox()
      for (const one of recordings.map(recording)) {
        inbox.open(one.mimeType)
        for (const { bytes } of one.chunks) inbox.chunk(bytes)
      }
      inbox.end()
      expectWhole(published(inbox, weather), recordings)
    }), { numRuns: 30 })
  })
})

it.each([['stall-h264.webm', 2], ['videoends-h264.webm', 1]])('a still stands for the pictures that %s has not, in every rendition, and ends no later than they come back', (name, discontinuities) => {
  const world = published(inboxOf(recording(name)), calm, [240])
  expect(world.media.at(-1)?.record.checkpoint).toMatchObject({ discontinuities, losses: [] })
  const log = fragmentsIn(world)
  const endOf = (rendition: string, ticks: number): number => samplesIn(log, rendition).reduce((end, { dts, duration }) => Math.max(end, (dts + duration) / ticks), 0)
  for (const rendition of ['source', '240p']) {
    const samples = samplesIn(log, rendition)
    expect(samples.filter((sample) => !isOfSource(sample)).length).toBeGreaterThan(1)
    expect(samples.slice(1).filter(({ dts }, i) => Math.abs(dts - (samples[i]?.dts ?? 0) - (samples[i]?.duration ?? 0)) > 9)).toEqual([])
    expect(Math.abs(endOf(rendition, 90_000) - endOf('audio', 48_000))).toBeLessThan(0.2)
  }
})

it('where the publisher begins anew without sound or without pictures, those who hear and see it go on, whoever owns it', () => {
  const begun = fc.constantFrom(['100ms-h264.webm', 'videoonly-h264.webm', '100ms-h264.webm'], ['100ms-h264.webm', 'audioonly.webm', '100ms-h264.webm'], ['vp8.webm', 'videoonly-avc1.mp4'], ['100ms-avc3.mp4', 'audioonly.mp4'])
  fc.assert(fc.property(weathers({ crashes: 5, drains: 2 }), begun, ladders, (weather, recordings, ladder) => {
    const inbox = new Inbox()
    for (const one of recordings.map(recording)) {
      inbox.open(one.mimeType)
      for (const { bytes } of one.chunks) inbox.chunk(bytes)
    }
    inbox.end()
    const world = published(inbox, weather, ladder)
    const log = fragmentsIn(world)
    expect([brokenNumbers(log), brokenTimes(log)]).toEqual([[], []])
    expectReadable(world)
    const ends = renditionNames(log).map((rendition) => {
      const samples = samplesIn(log, rendition)
      const last = samples.at(-1)
      const ticks = rendition === 'audio' ? 48_000 : 90_000
      const holes = samples.slice(1).filter(({ dts }, i) => dts - (samples[i]?.dts ?? 0) - (samples[i]?.duration ?? 0) > ticks / 10)
      expect([rendition, holes.length]).toEqual([rendition, 0])
      if (rendition !== 'audio') expect(samples.filter(isOfSource).map(({ data }) => timeOf(data))).toEqual(recordings.flatMap((name) => truthOf(recording(name)).pictures))
      return last === undefined ? 0 : (last.dts + last.duration) / ticks
    })
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(0.5)
  }), { numRuns: 20 })
})

it('an owner whose FFmpeg makes other init segments goes on behind a discontinuity with the frames that nobody has published', () => {
  const names = fc.constantFrom('100ms-h264.webm', 'vp8.webm', '100ms-avc3.mp4')
  fc.assert(fc.property(names, fc.integer({ min: 3, max: 60 }), fc.nat(20), fc.nat(), (name, records, more, seed) => {
    const world = new StreamWorld(inboxOf(recording(name)), { ladder: [240], liveWindow_ms: 6_000 })
    // Two init segments of sound with the same parameters count as one: only pictures need another.
    const isPicture = ({ rendition }: { readonly rendition: string }): boolean => rendition !== 'audio'
    const hasPictures = (): boolean => world.media.some(({ record: { body } }) => body.case === 'fragments' && body.value.fragments.some(isPicture))
    drive(world, { ...calm, seed }, () => world.media.length >= records && hasPictures())
    world.ffmpegVersion = 'newer '
    world.takeOver()
    const until = world.media.length + more
    drive(world, { ...calm, seed }, () => world.media.length >= until)
    if (world.done === undefined) world.takeOver()
    drive(world, { ...calm, seed })
    // One that dies before all renditions have their init segments leaves a second discontinuity to the next.
    const replaced = world.media.filter(({ record: { body } }) => body.case === 'discontinuity').length
    expect(replaced).toBeGreaterThan(0)
    expectWhole(world, [name], replaced)
  }), { numRuns: 20 })
})

it('the source rendition takes the size that a keyframe says, a rung keeps its own, in every owner', () => {
  const world = new StreamWorld(inboxOf(recording('resize-vp8.webm')), { ladder: [240] })
  drive(world, { ...calm, crashes: 6 })
  const sizes = new Map<string, Set<string>>()
  for (const { record } of world.media)
    for (const { name, width, height } of record.checkpoint?.renditions ?? []) sizes.set(name, (sizes.get(name) ?? new Set()).add(`${width}x${height}`))
  expect([...(sizes.get('source') ?? [])]).toEqual(['640x480', '800x450', '320x240'])
  expect([...(sizes.get('240p') ?? [])]).toEqual(['320x240'])
})

it('an owner that dies before the first frame of a new epoch leaves it to the next to find a place for it', () => {
  const name = '100ms-h264.webm'
  const inbox = inboxOf(recording(name))
  inbox.entries.pop()
  inbox.open(recording(name).mimeType)
  const world = new StreamWorld(inbox)
  drive(world, calm, () => world.state.source?.epoch === 1 && world.appending === undefined)
  world.send({ _tag: 'Elapsed', timer: 'tick' })
  world.append()
  expect(world.media.at(-1)?.record.checkpoint?.source?.epoch).toBe(1)
  world.takeOver()
  for (const { bytes } of recording(name).chunks) inbox.chunk(bytes)
  inbox.end()
  drive(world, calm)
  expectWhole(world, [name, name])
})

describe('a source that begins anew within its byte stream', () => {
  it('comes out whole too, with ticks while its header is gathered', () => {
    const sources = fc.constantFrom(['100ms-h264.webm', '100ms-h264.webm'], ['100ms-avc3.mp4', '100ms-avc3.mp4'], ['audioonly.webm', 'audioonly.webm'])
    fc.assert(fc.property(weathers({ crashes: 6, drains: 2 }), sources, (weather, recordings) => {
      const inbox = new Inbox()
      inbox.open(recording(recordings[0] ?? '').mimeType)
      for (const one of recordings.map(recording)) for (const { bytes } of one.chunks) inbox.chunk(bytes, 3_000)
      inbox.end()
      expectWhole(published(inbox, weather), recordings)
    }), { numRuns: 20 })
  })
})

it('a source that begins anew within its byte stream is gone on with right behind the discontinuity', () => {
  for (const name of ['100ms-h264.webm', 'audioonly.webm']) {
    const inbox = new Inbox()
    inbox.open(recording(name).mimeType)
    for (const { bytes } of [...recording(name).chunks, ...recording(name).chunks]) inbox.chunk(bytes)
    inbox.end()
    const world = new StreamWorld(inbox)
    drive(world, calm, () => world.media.at(-1)?.record.body.case === 'discontinuity')
    world.takeOver()
    drive(world, calm)
    expectWhole(world, [name, name])
  }
})

describe('the same messages', () => {
  it('lead to the same actions, bit for bit', () => {
    const weather = { ...calm, seed: 7, crashes: 2, refusals: 0.2 }
    const [one, other] = [1, 2].map(() => published(inboxOf(recording('100ms-h264.webm')), weather, [240]))
    expect(one?.trace.length).toBeGreaterThan(100)
    expect(one?.trace).toEqual(other?.trace)
    expect(one?.media).toEqual(other?.media)
  })

  it('leave the state that they were told to as it was', () => {
    const world = new StreamWorld(inboxOf(recording('100ms-h264.webm')))
    drive(world, calm, () => world.media.length > 10)
    const message = { _tag: 'Delivered', entry: world.inbox.entries[world.delivered] ?? world.inbox.end() } as const
    const [one, other] = [1, 2].map(() => decideStream(world.state, message, 1))
    expect(one).toEqual(other)
  })
})
