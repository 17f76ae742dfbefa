import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sample } from '../fmp4/sample.ts'
import { brokenAnnouncements, brokenLengths, brokenNumbers, brokenWindow, samplesIn } from './testing/logRules.ts'
import { madeUpSource, type SourceShape } from './testing/madeUpSource.ts'
import { type Delivery, finish, giveInits, openRig, play, renditionsOf, type Rig } from './testing/packagerRig.ts'

const RUNS = { numRuns: 80 }

const shapes: fc.Arbitrary<SourceShape> = fc.record({
  seed: fc.nat(), seconds: fc.integer({ min: 3, max: 16 }), fps: fc.constantFrom(5, 12, 20, 24, 30, 60), rounded: fc.boolean(), jitter: fc.constantFrom(0, 0.3, 0.9),
  gopFrames: fc.constantFrom(5, 31, 61, 151, 1_001), reordered: fc.constant(false), stalls: fc.integer({ min: 0, max: 3 }), stallSeconds_max: fc.constantFrom(1, 4, 9),
  video: fc.constant(true), audio: fc.boolean(), videoEnds: fc.constantFrom(false, false, true), silentSeconds: fc.constantFrom(0, 0, 9)
}).chain((shape) => fc.constantFrom(shape, shape, { ...shape, video: false, audio: true }))

const deliveries: fc.Arbitrary<Delivery> = fc.record({ seed: fc.nat(), batch: fc.constantFrom(1, 4, 30), rungLag: fc.constantFrom(0, 3, 40), rung: fc.boolean() })

const played = (shape: SourceShape, delivery: Delivery): Rig => {
  const rig = openRig(madeUpSource(shape), delivery)
  giveInits(rig)
  play(rig)
  finish(rig)
  return rig
}

const bare = (samples: ReadonlyArray<Sample>) => samples.map(({ dts, cts, keyframe, data }) => [dts, cts, keyframe, Buffer.from(data).toString('latin1')])

describe('whatever a source does and however it arrives', () => {
  const always = (holds: (rig: Rig) => void): void => {
    fc.assert(fc.property(shapes, deliveries, (shape, delivery) => {
      holds(played(shape, delivery))
    }), RUNS)
  }

  it('every frame of every rendition goes into the log once, in order, unchanged', () =>
    always((rig) => {
      for (const { name, samples } of renditionsOf(rig)) expect(bare(samplesIn(rig.log, name))).toEqual(bare(samples))
    }))

  it('numbers of segments and parts neither skip nor go back, and what is said to have ended has', () => always((rig) => expect(brokenNumbers(rig.log)).toEqual([])))

  it('parts keep to the target and segments to six seconds', () => always((rig) => expect(brokenLengths(rig.log)).toEqual([])))

  it('the live window only moves on, to where a reader can begin', () => always((rig) => expect(brokenWindow(rig.log)).toEqual([])))

  it('each segment is announced once, as the log holds it', () => always((rig) => expect(brokenAnnouncements(rig.log, rig.packager.unannounced)).toEqual([])))
})
