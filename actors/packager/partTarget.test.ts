import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyEstimate, isSettled, medianInterval, partTarget_us, withFrame } from './partTarget.ts'
import { brokenLengths, partsIn } from './testing/logRules.ts'
import { madeUpSource, steady } from './testing/madeUpSource.ts'
import { finish, giveInits, openRig, play } from './testing/packagerRig.ts'

const PART_MS = 250
const estimateOf = (times_ms: ReadonlyArray<number>) => times_ms.reduce((estimate, time) => withFrame(estimate, time * 90), emptyEstimate)

describe('the part target', () => {
  it('is a quarter frame above a whole number of frames that last about a quarter second', () => {
    expect([5, 12.5, 25, 30, 50, 60].map((fps) => partTarget_us(90_000 / fps, PART_MS))).toEqual([220_000, 260_000, 250_000, 275_000, 265_000, 254_167])
  })

  it('is a tenth above one frame where frames are longer than parts', () => {
    expect(partTarget_us(90_000 / 4, PART_MS) / 1_000).toBeCloseTo(275, 2)
    expect(partTarget_us(90_000, PART_MS) / 1_000).toBeCloseTo(1_100, 2)
  })

  it('goes by the median, so that one stall changes nothing, and frames may come out of order', () => {
    expect(medianInterval(estimateOf([0, 40, 80, 1_080, 1_120]))).toBe(40 * 90)
    expect(medianInterval(estimateOf([0, 80, 40, 160, 120]))).toBe(40 * 90)
    expect(medianInterval(estimateOf([0, 10, 50, 90, 130, 300]))).toBe(40 * 90)
  })

  it('is not made of two or three frames, of which one may be a stall', () => {
    expect(isSettled(estimateOf([0, 2_500, 2_533]))).toBe(false)
    expect(isSettled(estimateOf([0, 200, 400, 600]))).toBe(true)
    expect(isSettled(estimateOf([0, 16, 33, 50, 66, 83, 100, 116]))).toBe(false)
    expect(isSettled(estimateOf([0, 16, 33, 50, 66, 83, 100, 116, 133]))).toBe(true)
  })

  it('leaves room for five pictures a second where a source stalls before its fourth', () => {
    const unknown = [[0], [0, 33], [0, 2_500, 2_533]].map((times) => partTarget_us(medianInterval(estimateOf(times)), PART_MS))
    expect(unknown).toEqual([220_000, 220_000, 220_000])
    expect(partTarget_us(medianInterval(emptyEstimate), PART_MS)).toBeLessThan(300_000)
  })

  it('is never exceeded by a steady source of 5 to 60 frames a second, nor missed by more than 15 %, also in whole milliseconds', () => {
    const sources = fc.record({ fps: fc.oneof(fc.integer({ min: 5, max: 60 }), fc.constantFrom(23.976, 29.97, 59.94, 7.5, 12.5)), rounded: fc.boolean() })
    fc.assert(fc.property(sources, ({ fps, rounded }) => {
      const rig = openRig(madeUpSource(steady({ fps, rounded, seconds: 7, gopFrames: Math.ceil(fps) })), { seed: 1, batch: 3, rung: false, rungLag: 0 })
      giveInits(rig)
      play(rig)
      finish(rig)
      expect(brokenLengths(rig.log)).toEqual([])
      expect(rig.packager.shortParts).toBe(0)
      const target = rig.packager.partTarget_us / 1_000_000
      const parts = partsIn(rig.log, 'source')
      for (const [i, { duration, msn }] of parts.entries()) {
        expect(duration / 90_000).toBeLessThanOrEqual(target)
        if (parts[i + 1]?.msn === msn) expect(duration / 90_000).toBeGreaterThanOrEqual(target * 0.85)
      }
    }), { numRuns: 60 })
  })
})
