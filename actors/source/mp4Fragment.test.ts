import { describe, expect, it } from 'vitest'
import { readMp4Fragment } from './mp4Fragment.ts'
import type { Mp4Track } from './mp4Tracks.ts'

const uint32 = (value: number): ReadonlyArray<number> => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const box = (type: string, ...content: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => {
  const body = content.flat()
  return [...uint32(body.length + 8), ...Buffer.from(type), ...body]
}
const tfhd = (flags: number, track: number, ...fields: ReadonlyArray<number>) => box('tfhd', uint32(flags), uint32(track), ...fields.map(uint32))
const tfdt = (time: number) => box('tfdt', uint32(0), uint32(time))
const trun = (flags: number, count: number, ...fields: ReadonlyArray<number>) => box('trun', uint32(flags), uint32(count), ...fields.map(uint32))

const track = (id: number): Mp4Track => ({ id, timescale: 90_000, editOffset: 0, defaultDuration: 3_000, defaultSize: 50, defaultFlags: 0x10000 })
const read = (...trafs: ReadonlyArray<ReadonlyArray<number>>) => readMp4Fragment(Uint8Array.from(box('moof', box('mfhd', [0, 0, 0, 0], uint32(1)), ...trafs)), 8, [track(1), track(2)])

const baseMoof = 0x20000

describe('a fragment of MP4', () => {
  it('takes what is not said from the defaults, the nearest first', () => {
    const fragment = read(box('traf', tfhd(baseMoof | 8, 1, 1_500), tfdt(900), trun(0x205, 2, 500, 0x02000000, 10, 20)))
    expect(fragment).toEqual({
      samples: [
        { trackId: 1, time: 900, duration: 1_500, size: 10, offset: 500, sync: true },
        { trackId: 1, time: 2_400, duration: 1_500, size: 20, offset: 510, sync: false },
      ],
      end: 530,
      absoluteOffsetsAt: [],
    })
    expect(read(box('traf', tfhd(baseMoof, 1), tfdt(0), trun(1, 1, 500)))).toMatchObject({ samples: [{ duration: 3_000, size: 50, sync: false }] })
  })

  it('adds composition offsets, also negative ones', () => {
    const run = box('trun', [1, 0, 0x08, 0x01], uint32(2), uint32(500), uint32(6_000), [0xff, 0xff, 0xff, 0xff])
    expect(read(box('traf', tfhd(baseMoof, 1), tfdt(100), run))).toMatchObject({ samples: [{ time: 6_100 }, { time: 3_099 }] })
  })

  it('reads several trafs and runs, in byte order, without the tracks that are not followed', () => {
    const fragment = read(
      box('traf', tfhd(baseMoof, 2), tfdt(0), trun(0x201, 1, 700, 9)),
      box('traf', tfhd(baseMoof, 3), tfdt(0), trun(0x201, 1, 900, 9)),
      box('traf', tfhd(baseMoof, 1), tfdt(0), trun(0x201, 1, 500, 9), trun(0x200, 1, 7)),
    )
    expect(fragment).toMatchObject({ samples: [{ trackId: 1, offset: 500 }, { trackId: 1, offset: 509, time: 3_000 }, { trackId: 2, offset: 700 }], end: 909 })
  })

  it('counts a later traf without a base from the end of the one before', () => {
    expect(read(box('traf', tfhd(0, 1), tfdt(0), trun(0x201, 1, 500, 9)), box('traf', tfhd(0, 2), tfdt(0), trun(0x201, 1, 0, 5)))).toMatchObject({
      samples: [{ trackId: 1, offset: 500 }, { trackId: 2, offset: 509 }],
    })
  })

  it('finds the absolute offsets', () => {
    expect(read(box('traf', tfhd(1, 1, 0, 77), tfdt(0), trun(0x201, 1, 500, 9)))).toMatchObject({ absoluteOffsetsAt: [8 + 16 + 8 + 16] })
  })

  it.each([
    ['samples that would need more bytes than there are', box('traf', tfhd(baseMoof, 1), tfdt(0), trun(0x301, 5, 500, 1, 2)), /malformed \(trun\)/],
    ['samples without end', box('traf', tfhd(baseMoof, 1), tfdt(0), trun(1, 0xffffffff, 500)), /more than the 20000 allowed/],
    ['a sample of 2 GB', box('traf', tfhd(baseMoof, 1), tfdt(0), trun(0x201, 1, 500, 0x7fffffff)), /larger than/],
    ['no time', box('traf', tfhd(baseMoof, 1), trun(0x201, 1, 500, 1)), /\(tfdt\)/],
    ['a tfhd cut off', box('traf', tfhd(baseMoof | 8, 1), tfdt(0)), /malformed \(traf\)/],
    ['a box that ends beyond it', [0, 0, 1, 0, ...Buffer.from('traf')], /malformed \(moof\)/],
  ])('is refused with %s', (_, traf, reason) => {
    expect(read(traf)).toMatch(reason)
  })
})
