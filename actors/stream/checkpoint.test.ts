import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { closeParts, type Packager, receiveSamples } from '../packager/packager.ts'
import { brokenAnnouncements, brokenNumbers, brokenWindow, samplesIn } from '../packager/testing/logRules.ts'
import { madeUpSource, type SourceShape } from '../packager/testing/madeUpSource.ts'
import { type Delivery, finish, giveInits, openRig, play, renditionsOf, type Rig, settings } from '../packager/testing/packagerRig.ts'
import { readPackager, writePackager } from './checkpoint.ts'
import { mediaCodec, recordOf } from './mediaCodec.ts'

const shapes: fc.Arbitrary<SourceShape> = fc.record({
  seed: fc.nat(), seconds: fc.integer({ min: 4, max: 14 }), fps: fc.constantFrom(5, 20, 30), rounded: fc.boolean(), jitter: fc.constantFrom(0, 0.5),
  gopFrames: fc.constantFrom(5, 31, 151, 1_001), reordered: fc.constant(false), stalls: fc.integer({ min: 0, max: 2 }), stallSeconds_max: fc.constantFrom(1, 9),
  video: fc.constant(true), audio: fc.boolean(), videoEnds: fc.boolean(), silentSeconds: fc.constant(0)
}).chain((shape) => fc.constantFrom(shape, shape, { ...shape, video: false, audio: true }))

const cameraOnly: SourceShape = { seed: 1, seconds: 8, fps: 30, rounded: false, jitter: 0, gopFrames: 30, reordered: false, stalls: 0, stallSeconds_max: 0, video: true, audio: false, videoEnds: false, silentSeconds: 0 }

const deliveries: fc.Arbitrary<Delivery> = fc.record({ seed: fc.nat(), batch: fc.constantFrom(1, 4, 30), rungLag: fc.constantFrom(0, 3, 40), rung: fc.boolean() })

/** What a successor reads of a record: through the bytes of the log, and the TakeOver of its own. */
const takenOver = (packager: Packager, seq: number): Packager => {
  const stamp = { leaseRevision: 1, resumeSeq: 1, attempts: 0, fencingToken: 1, node: 'n', writtenAt_ms: 0 }
  const head = mediaCodec.decode(mediaCodec.encode(recordOf(writePackager(packager), { case: 'fragments', value: { $typeName: 'millrace.v1.Fragments', inits: [], fragments: [] } }), stamp), seq)
  const takeOver = mediaCodec.encode(mediaCodec.takeOver(head), stamp)
  return readPackager(mediaCodec.decode(takeOver, seq + 1).checkpoint, settings)
}

/**
 * Another owner goes on: FFmpeg gets the source from a keyframe before all that is missing, a copy begins there, a rung
 * with the first frame that is missing, audio a few frames earlier.
 */
const restart = (rig: Rig): Rig => {
  const head = rig.log.findLast(({ seq }) => seq === rig.seq)
  const packager = takenOver(head?.packager ?? rig.packager, rig.seq)
  const next = { ...openRig(rig.source, { ...rig.delivery, seed: rig.delivery.seed + 1 }, packager), seq: rig.seq + 1 }
  next.log.push(...rig.log)
  const published = new Map(renditionsOf(rig).map(({ name }) => [name, samplesIn(rig.log, name).length]))
  const video = rig.source.video.length > 0
  const missing = Math.min(...['source', '240p'].flatMap((name) => published.get(name) ?? []))
  const keyframe = video ? rig.source.video.findLastIndex(({ keyframe }, i) => keyframe && i < Math.max(1, missing)) : 0
  const point = rig.source.video[keyframe]?.dts ?? 0
  next.seen = video ? rig.source.frames.findIndex(({ kind, at }) => kind === 'video' && at === point) : 0
  for (const { name, samples, info } of renditionsOf(rig)) {
    const from = published.get(name) ?? 0
    const begins = name === 'source' ? keyframe : info.kind === 'audio' ? Math.max(0, from - 4) : from
    next.given.set(name, Math.min(begins, samples.length))
  }
  giveInits(next)
  return next
}

const interrupted = (shape: SourceShape, delivery: Delivery, cuts: ReadonlyArray<number>): Rig => {
  let rig = openRig(madeUpSource(shape), delivery)
  giveInits(rig)
  for (const records of cuts) {
    play(rig, rig.log.length + records)
    if (rig.log.length > 0) rig = restart(rig)
  }
  play(rig)
  finish(rig)
  return rig
}

describe('a successor', () => {
  const always = (holds: (rig: Rig) => void): void => {
    fc.assert(fc.property(shapes, deliveries, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 }), (shape, delivery, cuts) => {
      holds(interrupted(shape, delivery, cuts))
    }), { numRuns: 80 })
  }

  it('goes on so that every frame of every rendition is in the log once and in order', () =>
    always((rig) => {
      for (const { name, samples } of renditionsOf(rig)) expect(samplesIn(rig.log, name).map(({ dts, data }) => [dts, Buffer.from(data)])).toEqual(samples.map(({ dts, data }) => [dts, Buffer.from(data)]))
    }))

  it('goes on with the numbers that come next', () => always((rig) => expect(brokenNumbers(rig.log)).toEqual([])))

  it('announces segments that began before its time with all that the log holds of them', () => always((rig) => expect(brokenAnnouncements(rig.log, rig.packager.unannounced)).toEqual([])))

  it('moves the window on from where it was', () => always((rig) => expect(brokenWindow(rig.log)).toEqual([])))

  it('decides on the same segments as if nothing had happened', () => {
    fc.assert(fc.property(shapes, deliveries, fc.integer({ min: 1, max: 60 }), (shape, delivery, records) => {
      const places = (rig: Rig) => renditionsOf(rig).filter(({ info }) => info.kind === 'video').map(({ name }) => rig.log.flatMap(({ body }) => body.fragments.filter(({ rendition }) => rendition === name).flatMap(({ msn, frames }) => Array.from({ length: frames }, () => msn))))
      expect(places(interrupted(shape, delivery, [records]))).toEqual(places(interrupted(shape, delivery, [])))
    }), { numRuns: 60 })
  })
})

describe('a picture published last', () => {
  it.each([0, 1, 2_970, 9_000])('comes no second time, and the next is not lost, though it was said to last %i ticks', (guess) => {
    const rig = openRig(madeUpSource(cameraOnly), { seed: 1, batch: 4, rung: false, rungLag: 0 })
    giveInits(rig)
    play(rig, 5)
    const lastDts = rig.packager.tracks[0]?.lastDts ?? 0
    const guessed = { ...rig.packager, tracks: rig.packager.tracks.map((track) => ({ ...track, nextDts: lastDts + guess })) }
    const successor = receiveSamples(takenOver(guessed, rig.seq), 'source', rig.source.video)
    expect(successor.tracks[0]?.pending).toEqual(rig.source.video.filter(({ dts }) => dts > lastDts))
  })
})

describe('a checkpoint', () => {
  it('is read as it was written, but for what nobody has published', () => {
    fc.assert(fc.property(shapes, deliveries, fc.integer({ min: 1, max: 40 }), (shape, delivery, records) => {
      const rig = openRig(madeUpSource(shape), delivery)
      giveInits(rig)
      play(rig, records)
      const written = writePackager(rig.packager)
      const again = writePackager(readPackager(fromBinary(CheckpointSchema, toBinary(CheckpointSchema, written)), settings))
      expect(again).toEqual(written)
    }), { numRuns: 80 })
  })

  it('of a stream without frames is a new packager', () => {
    expect(readPackager(undefined, settings)).toEqual(readPackager(create(CheckpointSchema, { openedMsn: -1 }), settings))
  })

  it('taken over has its open parts closed, and no more than that', () => {
    const rig = openRig(madeUpSource({ ...cameraOnly, audio: true }), { seed: 1, batch: 4, rung: true, rungLag: 3 })
    giveInits(rig)
    play(rig, 50)
    const { packager, seq } = rig
    expect(packager.tracks.some(({ partStart, nextDts }) => partStart < nextDts)).toBe(true)
    expect(writePackager(takenOver(packager, seq))).toEqual(writePackager(closeParts(packager)))
  })
})
