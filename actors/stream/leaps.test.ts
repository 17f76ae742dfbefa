import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { element, openCluster, opus20ms, vp8Interframe, vp8Keyframe, vp8OpusHeader } from '../source/testing/webmBytes.ts'
import { blockContent } from '../source/testing/webmBytes.ts'
import { Id } from '../source/webmIds.ts'
import { brokenNumbers, brokenTimes, samplesIn } from '../packager/testing/logRules.ts'
import { chunksOf, containerOf, factsOf, readSource } from '../testing/readSource.ts'
import { recording } from '../testing/recordings.ts'
import { drive, fragmentsIn, type Weather } from './testing/drive.ts'
import { calm } from './testing/moments.ts'
import { Inbox, StreamWorld } from './testing/StreamWorld.ts'

const weathers: fc.Arbitrary<Weather> = fc.record({ seed: fc.nat(), crashes: fc.nat(5), drains: fc.nat(2), refusals: fc.constantFrom(0, 0.2), ticks: fc.constantFrom(0, 0.03) })

const timesOf = (world: StreamWorld, rendition: string): ReadonlyArray<number> =>
  samplesIn(fragmentsIn(world), rendition).flatMap(({ data }) => {
    const time = /@(-?\d+)/.exec(new TextDecoder().decode(data))?.[1]
    return time === undefined ? [] : [Number(time)]
  })

const streamOf = (chunks: ReadonlyArray<Uint8Array>, weather: Weather = calm, mimeType = 'video/webm'): StreamWorld => {
  const inbox = new Inbox()
  inbox.open(mimeType)
  for (const bytes of chunks) inbox.chunk(bytes)
  inbox.end()
  const world = new StreamWorld(inbox)
  drive(world, weather)
  expect(world.done?._tag).toBe('Finish')
  expect([brokenNumbers(fragmentsIn(world)), brokenTimes(fragmentsIn(world))]).toEqual([[], []])
  return world
}

const discontinuities = (world: StreamWorld): number | undefined => world.media.at(-1)?.record.checkpoint?.discontinuities
const losses = (world: StreamWorld) => world.media.at(-1)?.record.checkpoint?.losses

describe('a source whose time begins again, without a new header', () => {
  for (const name of ['100ms-h264.webm', '100ms-avc3.mp4', 'vp8.webm', 'audioonly.webm', 'videoonly-h264.webm']) {
    it(`goes on behind one discontinuity, with every frame once: ${name}`, () => {
      const source = recording(name)
      const header = factsOf(readSource(containerOf(source), chunksOf([source.bytes])), 'Header')[0]?.bytes.length ?? 0
      const again = source.chunks.map(({ bytes }, i) => (i === 0 ? bytes.subarray(header) : bytes))
      const chunks = [...source.chunks.map(({ bytes }) => bytes), ...again, ...again]
      const rendition = name === 'audioonly.webm' ? 'audio' : 'source'
      const once = factsOf(readSource(containerOf(source), chunksOf([source.bytes])), 'VideoFrame').map(({ pts }) => pts)
      fc.assert(fc.property(weathers, (weather) => {
        const world = streamOf(chunks, weather, source.mimeType)
        expect(discontinuities(world)).toBe(2)
        if (rendition === 'source') expect(timesOf(world, rendition)).toEqual([...once, ...once, ...once])
        expect(losses(world)?.filter(({ kind, frames }) => kind !== 6 || frames > 5)).toEqual([])
      }), { numRuns: 5 })
    })
  }
})

/** A block of picture or sound at a time (ms), in a Cluster of its own. */
const block = (track: number, at_ms: number, key: boolean): Uint8Array =>
  Uint8Array.from([...openCluster(at_ms), ...element(Id.simpleBlock, blockContent(track, 0, key ? 0x80 : 0, track === 2 ? opus20ms : key ? vp8Keyframe(64, 48) : vp8Interframe))])
const picture = (at_ms: number, key = false): Uint8Array => block(1, at_ms, key)
const sound = (at_ms: number): Uint8Array => block(2, at_ms, true)

/** Pictures 40 ms apart, a keyframe every ten, with sound between them. */
const steady = (from_ms: number, count: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: count }, (_, i) => [picture(from_ms + i * 40, i % 10 === 0), sound(from_ms + i * 40), sound(from_ms + i * 40 + 20)]).flat()

const at = (ms: number): number => ms * 90

describe('a leap', () => {
  it('of which picture and sound tell some blocks apart is one discontinuity', () => {
    const orders = [
      [sound(0), sound(20), ...steady(0, 40)],
      [picture(0, true), sound(4_000), picture(40), sound(4_020), picture(80), ...steady(120, 30)],
      steady(0, 40)
    ]
    for (const later of orders) {
      const world = streamOf([vp8OpusHeader, ...steady(1_000, 75), ...later])
      expect(discontinuities(world)).toBe(1)
      expect(timesOf(world, 'source').slice(0, 75)).toEqual(Array.from({ length: 75 }, (_, i) => at(1_000 + i * 40)))
      expect(timesOf(world, 'source')[75]).toBe(0)
    }
  })

  it('that the sound tells long before the picture costs no picture', () => {
    const early = [0, 1, 2, 3, 4].flatMap((i) => [sound(i * 20), picture(4_000 + i * 40)])
    const world = streamOf([vp8OpusHeader, ...steady(1_000, 75), ...early, ...steady(100, 40)])
    expect(discontinuities(world)).toBe(1)
    expect(timesOf(world, 'source').slice(0, 81)).toEqual([...Array.from({ length: 80 }, (_, i) => at(1_000 + i * 40)), at(100)])
  })

  it('forward by more than ten seconds goes on right behind what is published', () => {
    const world = streamOf([vp8OpusHeader, ...steady(0, 50), ...steady(40_000, 50)])
    expect(discontinuities(world)).toBe(1)
    expect(timesOf(world, 'source').length).toBe(100)
    const dts = samplesIn(fragmentsIn(world), 'source').map((sample) => sample.dts)
    expect((dts[50] ?? 0) - (dts[49] ?? 0)).toBeLessThan(90 * 100)
  })

  it('that is not at a keyframe costs the pictures before the next one, and says so', () => {
    const world = streamOf([vp8OpusHeader, ...steady(5_000, 50), picture(1_000), sound(1_000), picture(1_040), ...steady(1_080, 30)])
    expect(timesOf(world, 'source').slice(50)).toEqual(Array.from({ length: 30 }, (_, i) => at(1_080 + i * 40)))
    expect(losses(world)).toMatchObject([{ kind: 6, chunks: 0, frames: 3 }])
  })

  it('back and forth, at every keyframe or at every picture, comes to an end', () => {
    const everyKey = Array.from({ length: 12 }, (_, i) => steady(i % 2 === 0 ? 1_000 + i * 400 : 30_000 + i * 400, 10)).flat()
    const world = streamOf([vp8OpusHeader, ...everyKey])
    expect(timesOf(world, 'source').length).toBe(120)
    expect(discontinuities(world)).toBe(11)
    const everyPicture = Array.from({ length: 200 }, (_, i) => picture(i % 2 === 0 ? i * 40 : 40_000 - i * 40, i % 10 === 0))
    expect(timesOf(streamOf([vp8OpusHeader, ...everyPicture]), 'source').length).toBeGreaterThanOrEqual(20)
  })

  it('is none where a track that was silent for long comes back in line with the other', () => {
    const soundAlone = Array.from({ length: 800 }, (_, i) => sound(2_000 + i * 20))
    const world = streamOf([vp8OpusHeader, ...steady(0, 50), ...soundAlone, ...steady(18_000, 30)])
    expect(discontinuities(world)).toBe(2)
    expect(losses(world)).toEqual([])
    const pictureAlone = Array.from({ length: 400 }, (_, i) => picture(2_000 + i * 40, i % 10 === 0))
    const other = streamOf([vp8OpusHeader, ...steady(0, 50), ...pictureAlone, ...steady(18_000, 30)])
    expect(discontinuities(other)).toBe(0)
    expect(timesOf(other, 'source').length).toBe(480)
  })

  it('of the sound alone costs sound, and no picture', () => {
    const strayed = Array.from({ length: 60 }, (_, i) => [picture(2_000 + i * 40, i % 10 === 0), sound(50_000 + i * 20)]).flat()
    const world = streamOf([vp8OpusHeader, ...steady(0, 50), ...strayed, ...steady(4_400, 30)])
    expect(new Set(timesOf(world, 'source')).size).toBe(timesOf(world, 'source').length)
    expect(timesOf(world, 'source').length).toBeGreaterThanOrEqual(130)
  })
})

it('whatever times a source has, nothing throws and no frame goes back on the timeline', () => {
  const anything = fc.array(fc.record({ track: fc.constantFrom(1, 1, 2), at: fc.oneof(fc.nat(65_535), fc.nat(2_000)), key: fc.boolean() }), { minLength: 5, maxLength: 60 })
  fc.assert(fc.property(anything, weathers, (blocks, weather) => {
    // FFmpeg's muxer never gives two pictures one time.
    const apart = blocks.filter(({ track, at: at_ms }, i) => track === 2 || at_ms !== (blocks.slice(0, i).findLast((other) => other.track === 1)?.at ?? 0))
    streamOf([vp8OpusHeader, picture(0, true), ...apart.map(({ track, at: at_ms, key }) => block(track, at_ms, key || track === 2))], weather)
  }), { numRuns: 40 })
})

describe('pictures without a keyframe, where sound was alone, are passed over up to the next one, which the loss tells', () => {
  const soundAlone = (from_ms: number, to_ms: number): ReadonlyArray<Uint8Array> => Array.from({ length: (to_ms - from_ms) / 20 }, (_, i) => sound(from_ms + i * 20))
  const keyless = (from_ms: number): ReadonlyArray<Uint8Array> => [0, 40, 80].flatMap((later) => [picture(from_ms + later), sound(from_ms + later)])

  it('as pictures that came back, where there were some', () => {
    const world = streamOf([vp8OpusHeader, ...steady(0, 50), ...soundAlone(2_000, 12_000), ...keyless(12_000), ...steady(12_120, 30)])
    expect(losses(world)).toMatchObject([{ kind: 6, frames: 3, reason: 'pictures came back without a keyframe, and are passed over up to the next one' }])
  })

  it('as the first ones, where there were none', () => {
    const world = streamOf([vp8OpusHeader, ...soundAlone(0, 2_000), ...keyless(2_000), ...steady(2_120, 30)])
    expect(losses(world)).toMatchObject([{ kind: 6, frames: 3, reason: 'the first pictures came without a keyframe, and are passed over up to the next one' }])
  })
})
