import { Result } from 'effect'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BoxSplitter } from './boxes.ts'
import type { Box } from './boxes.ts'
import { readFragment } from './readFragment.ts'
import { readInit } from './readInit.ts'
import type { Sample } from './sample.ts'
import { writeFragment } from './writeFragment.ts'

const split = (bytes: Uint8Array): { readonly moof: Box; readonly mdat: Box } => {
  const [moof, mdat] = new BoxSplitter().push(bytes).boxes
  if (moof === undefined || mdat === undefined) throw new Error('not a moof and an mdat')
  return { moof, mdat }
}

const read = (bytes: Uint8Array): ReadonlyArray<Sample> => {
  const { moof, mdat } = split(bytes)
  return Result.getOrThrow(readFragment(moof, mdat))
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

/** Samples that follow each other without a gap. */
const samplesArbitrary = fc
  .tuple(
    fc.integer({ min: 0, max: 2 ** 52 }),
    fc.array(
      fc.record({
        cts: int32,
        duration: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        keyframe: fc.boolean(),
        data: fc.uint8Array({ maxLength: 50 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  )
  .map(([start, rest]): ReadonlyArray<Sample> => {
    let dts = start
    return rest.map((sample) => {
      const placed = { ...sample, dts }
      dts += sample.duration
      return placed
    })
  })

it('reads back the samples that were written', () => {
  fc.assert(
    fc.property(samplesArbitrary, fc.nat(), (samples, sequenceNumber) => {
      const back = read(writeFragment(sequenceNumber, samples))
      expect(back.map((sample) => ({ ...sample, data: [...sample.data] }))).toEqual(
        samples.map((sample) => ({ ...sample, data: [...sample.data] })),
      )
    }),
  )
})

const sample = (dts: number, duration: number): Sample => ({
  dts,
  cts: 0,
  duration,
  keyframe: true,
  data: Uint8Array.of(1, 2, 3),
})

it('keeps decode times where they disagree with durations', () => {
  const back = read(writeFragment(1, [sample(0, 10), sample(15, 10), sample(20, 10)]))
  expect(back.map(({ dts, duration }) => [dts, duration])).toEqual([
    [0, 15],
    [15, 5],
    [20, 10],
  ])
})

it('refuses to write nothing, or time that goes back', () => {
  expect(() => writeFragment(1, [])).toThrow(RangeError)
  expect(() => writeFragment(1, [sample(10, 10), sample(9, 10)])).toThrow(RangeError)
})

const u32 = (...values: ReadonlyArray<number>): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 4 * index))
  return bytes
}

const box = (type: string, ...contents: ReadonlyArray<Buffer>): Buffer => {
  const content = Buffer.concat(contents)
  return Buffer.concat([u32(content.length + 8), Buffer.from(type), content])
}

const mdat = box('mdat', Buffer.from('aaabbcccc'))

/** A fragment whose `truns` are made once the size of `moof` is known. */
const fragment = (tfhd: Buffer, tfdt: Buffer, truns: (moofBytes: number) => ReadonlyArray<Buffer>): Buffer => {
  const make = (moofBytes: number): Buffer => box('moof', box('mfhd', u32(0, 1)), box('traf', tfhd, tfdt, ...truns(moofBytes)))
  return Buffer.concat([make(make(0).length), mdat])
}

const tfdt0 = box('tfdt', u32(0, 700))

const brief = (samples: ReadonlyArray<Sample>): ReadonlyArray<unknown> =>
  samples.map(({ dts, cts, duration, keyframe, data }) => [dts, cts, duration, keyframe, Buffer.from(data).toString()])

it('takes durations, sizes and flags from tfhd, and the first flags from trun', () => {
  const tfhd = box('tfhd', u32(0x020000 | 0x02 | 0x08 | 0x10 | 0x20, 1, 1, 40, 3, 0x01010000))
  const bytes = fragment(tfhd, tfdt0, (moof) => [box('trun', u32(0x005, 3, moof + 8, 0x02000000))])
  expect(brief(read(bytes))).toEqual([
    [700, 0, 40, true, 'aaa'],
    [740, 0, 40, false, 'bbc'],
    [780, 0, 40, false, 'ccc'],
  ])
})

it('reads several runs, the later of which go on where the earlier stopped', () => {
  const tfhd = box('tfhd', u32(0x020000 | 0x08, 1, 10))
  const bytes = fragment(tfhd, tfdt0, (moof) => [
    box('trun', u32(0x201, 2, moof + 8, 3, 2)),
    box('trun', u32(0x01000a00, 1, 4, -7)),
  ])
  expect(brief(read(bytes))).toEqual([
    [700, 0, 10, true, 'aaa'],
    [710, 0, 10, true, 'bb'],
    [720, -7, 10, true, 'cccc'],
  ])
})

it.each([
  ['a sample past mdat', u32(0x020000, 1), (moof: number) => [box('trun', u32(0x201, 1, moof + 8, 10))]],
  ['data before mdat', u32(0x020000, 1), (moof: number) => [box('trun', u32(0x201, 1, moof + 4, 2))]],
  ['more samples than trun holds', u32(0x020000, 1), (moof: number) => [box('trun', u32(0x201, 9, moof + 8, 1))]],
  ['four thousand million samples', u32(0x020010, 1, 0), (moof: number) => [box('trun', u32(0x001, -1, moof + 8))]],
  ['no sizes', u32(0x020000, 1), (moof: number) => [box('trun', u32(0x001, 1, moof + 8))]],
  ['an absolute base', u32(0x000001, 1, 0, 0), (moof: number) => [box('trun', u32(0x201, 1, moof + 8, 1))]],
])('refuses %s', (_, tfhd, truns) => {
  const { moof, mdat: data } = split(fragment(box('tfhd', tfhd), tfdt0, truns))
  expect(Result.getOrThrow(Result.flip(readFragment(moof, data)))._tag).toBe('FragmentInvalid')
})

it('refuses two tracks and a missing tfdt', () => {
  const track = box('traf', box('tfhd', u32(0x020000, 1)), tfdt0)
  for (const content of [Buffer.concat([track, track]), box('traf', box('tfhd', u32(0x020000, 1)))]) {
    const { moof, mdat: data } = split(Buffer.concat([box('moof', content), mdat]))
    expect(Result.isFailure(readFragment(moof, data))).toBe(true)
  }
})

it('answers damaged fragments and init segments with an error or samples, never with a throw', () => {
  const whole = writeFragment(1, [sample(5, 5), sample(10, 5)])
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }), (damages) => {
      const bytes = Uint8Array.from(whole)
      for (const [at, value] of damages) bytes[at] = value
      const moofBytes = 88 + 32
      const moof = { type: 'moof', headerBytes: 8, bytes: bytes.subarray(0, moofBytes) }
      readFragment(moof, { type: 'mdat', headerBytes: 8, bytes: bytes.subarray(moofBytes) })
      readInit(bytes)
    }),
    { numRuns: 2_000 },
  )
})
