import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brokenAnnouncements, brokenNumbers, renditionNames, samplesIn } from '../packager/testing/logRules.ts'
import { applyRecord } from '../playlist/applyRecord.ts'
import { openWindow } from '../playlist/liveWindow.ts'
import { chunksOf, containerOf, factsOf, readSource } from '../testing/readSource.ts'
import { recording, type Recording } from '../testing/recordings.ts'
import { drive, fragmentsIn, type Weather } from './testing/drive.ts'
import { inboxOf, StreamWorld } from './testing/StreamWorld.ts'

const weathers = (crashes: number): fc.Arbitrary<Weather> => fc.record({ seed: fc.nat(), crashes: fc.integer({ min: Math.min(1, crashes), max: crashes }), refusals: fc.constantFrom(0, 0.2) })

const names = ['100ms-h264.webm', '100ms-avc3.mp4', 'videoonly-h264.webm', 'videoonly-avc1.mp4', 'audioonly.webm', 'stall-h264.webm', 'vp8.webm', 'resize-h264.webm', 'videoends-h264.webm']
const AAC_FRAME = 1_024
const ladders = [[], [240]]

const published = (name: string, weather: Weather, ladder: ReadonlyArray<number> = [], messageBytesMax?: number, pieceBytes?: number): StreamWorld => {
  const world = new StreamWorld(inboxOf(recording(name), pieceBytes), { ladder }, messageBytesMax)
  drive(world, weather)
  return world
}

/** Presentation times of the source's pictures, 90 kHz, and how often its codec parameters change. */
const truthOf = (of: Recording): { readonly pictures: ReadonlyArray<number>; readonly changes: number } => {
  const reading = readSource(containerOf(of), chunksOf(of.chunks.map(({ bytes }) => bytes)))
  return { pictures: factsOf(reading, 'VideoFrame').map(({ pts }) => pts), changes: factsOf(reading, 'ParametersChanged').length }
}

const expectWhole = (world: StreamWorld, name: string): void => {
  expect(world.done?._tag).toBe('Finish')
  const log = fragmentsIn(world)
  const { pictures, changes } = truthOf(recording(name))
  expect(world.media.at(-1)?.record.checkpoint?.discontinuities).toBe(changes)
  for (const rendition of renditionNames(log)) {
    const samples = samplesIn(log, rendition)
    const times = samples.map(({ data }) => Number(/@(-?\d+)/.exec(new TextDecoder().decode(data))?.[1]))
    if (rendition !== 'audio') expect(times).toEqual(pictures)
    else expect(times.filter((time, i) => i > 0 && time !== (times[i - 1] ?? 0) + AAC_FRAME).length).toBe(changes)
  }
  if (pictures.length > 0) expect(renditionNames(log)).toContain('source')
  expect(brokenNumbers(log)).toEqual([])
  const once = world.announced.filter((closed, i, all) => all.findIndex(({ rendition, msn }) => rendition === closed.rendition && msn === closed.msn) === i)
  expect(brokenAnnouncements(log, once)).toEqual([])
  const window = openWindow()
  expect(world.media.flatMap(({ seq, record }) => applyRecord(window, seq, record).problems)).toEqual([])
}

describe('a stream', () => {
  for (const name of names) {
    it(`comes out whole, also when its owners die at any moment: ${name}`, () => {
      fc.assert(fc.property(weathers(6), fc.constantFrom(...ladders), (weather, ladder) => {
        expectWhole(published(name, weather, ladder), name)
      }), { numRuns: 12 })
    })
  }

  for (const name of names) {
    it(`comes out whole, in whatever order things happen: ${name}`, () => {
      fc.assert(fc.property(weathers(0), fc.constantFrom(...ladders), (weather, ladder) => {
        expectWhole(published(name, weather, ladder), name)
      }), { numRuns: 4 })
    })
  }
})
