import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { samplesIn } from '../packager/testing/logRules.ts'
import { recording } from '../testing/recordings.ts'
import { drive, fragmentsIn, type Weather } from './testing/drive.ts'
import { damageChunks, dropChunks, framesLeft } from './testing/lossyInbox.ts'
import { calm } from './testing/moments.ts'
import { inboxOf, StreamWorld } from './testing/StreamWorld.ts'

const weathers: fc.Arbitrary<Weather> = fc.record({ seed: fc.nat(), crashes: fc.nat(5), drains: fc.nat(2), refusals: fc.constantFrom(0, 0.2), ticks: fc.constantFrom(0, 0.03) })

const timesOf = (world: StreamWorld, rendition: string): ReadonlyArray<number> =>
  samplesIn(fragmentsIn(world), rendition).flatMap(({ data }) => {
    const time = /@(-?\d+)/.exec(new TextDecoder().decode(data))?.[1]
    return time === undefined ? [] : [Number(time)]
  })

describe('whatever chunks are lost, every other frame that can be decoded comes out once and in order, and the loss is exact', () => {
  for (const name of ['100ms-h264.webm', '100ms-avc3.mp4', 'vp8.webm', 'videoonly-h264.webm']) {
    const { length } = recording(name).chunks
    const lost = fc.uniqueArray(fc.integer({ min: 1, max: length - 2 }), { minLength: 1, maxLength: 5 })
    it(name, () => {
      fc.assert(fc.property(lost, fc.boolean(), weathers, (indices, damaged, weather) => {
        const source = recording(name)
        const world = new StreamWorld((damaged ? damageChunks : dropChunks)(source, indices))
        drive(world, weather)
        expect(world.done?._tag).toBe('Finish')
        expect(timesOf(world, 'source')).toEqual(framesLeft(source, indices))
        const { lostChunks, losses, discontinuities } = world.media.at(-1)?.record.checkpoint ?? {}
        expect(lostChunks).toBe(BigInt(indices.length))
        expect(losses?.reduce((sum, { chunks }) => sum + chunks, 0)).toBe(indices.length)
        expect(losses?.map(({ firstSeq }) => indices.includes(firstSeq))).toEqual(losses?.map(() => true))
        expect(discontinuities).toBeLessThanOrEqual(indices.length)
        expect(world.describing).toEqual([])
        expect(world.described.at(-1)?.record.checkpoint?.losses).toEqual(losses)
      }), { numRuns: 25 })
    })
  }
})

it('a stream of sound alone goes on with the next block behind a loss', () => {
  const source = recording('audioonly.webm')
  const world = new StreamWorld(dropChunks(source, [5, 6]))
  drive(world, { seed: 3, crashes: 2, drains: 1, refusals: 0, ticks: 0 })
  const times = timesOf(world, 'audio')
  expect(times.filter((time, i) => i > 0 && time - (times[i - 1] ?? 0) > 2 * 1_024)).toHaveLength(1)
  expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
  expect(world.media.at(-1)?.record.checkpoint).toMatchObject({ lostChunks: 2n, discontinuities: 1 })
})

it('a successor whose first chunk has gone from the log knows which one it was, and shows no frame twice', () => {
  const name = '100ms-h264.webm'
  for (const until of [12, 20, 26]) {
    const inbox = inboxOf(recording(name))
    const world = new StreamWorld(inbox)
    drive(world, calm, () => world.media.length > until && world.appending === undefined)
    const resumeSeq = Number(world.media.at(-1)?.record.stamp?.resumeSeq)
    inbox.entries[resumeSeq - 1] = { seq: resumeSeq, subject: 'ingest.s', time_ms: 0, data: Uint8Array.of(255, 255, 255) }
    world.takeOver()
    drive(world, { ...calm, crashes: 2, seed: until })
    expect(world.media.at(-1)?.record.checkpoint).toMatchObject({ lostChunks: 1n, losses: [{ firstSeq: resumeSeq - 2, chunks: 1 }] })
    const times = timesOf(world, 'source')
    expect(times.length).toBeGreaterThan(60)
    expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
  }
})
