import { describe, expect, it } from 'vitest'
import { chunksOf, factsOf, readSource, type SourceReading } from '../testing/readSource.ts'
import { blockContent, element, openCluster, opus20ms, vp8Interframe, vp8Keyframe, vp8OpusHeader } from './testing/webmBytes.ts'
import { Id } from './webmIds.ts'

const simpleBlock = (...content: Parameters<typeof blockContent>): Uint8Array => element(Id.simpleBlock, blockContent(...content))

/** Reads a stream whole and byte by byte, which must be the same. */
const readAll = (...parts: ReadonlyArray<Uint8Array>): SourceReading => {
  const bytes = Uint8Array.from(Buffer.concat(parts))
  const whole = readSource('webm', chunksOf([bytes]))
  const single = readSource('webm', chunksOf(Array.from(bytes, (byte) => Uint8Array.of(byte))))
  expect(single.facts.map((fact) => fact._tag)).toEqual(whole.facts.map((fact) => fact._tag))
  expect(single.fed).toEqual(whole.fed)
  return whole
}

const read = (...parts: ReadonlyArray<Uint8Array>): SourceReading => readAll(vp8OpusHeader, ...parts)

const isKey = (reading: SourceReading): ReadonlyArray<boolean> => factsOf(reading, 'VideoFrame').map((fact) => fact.randomAccess !== undefined)

const referenceBlock = element(0xfb, [0xff])

describe('keyframes', () => {
  it('finds them in SimpleBlocks and in BlockGroups, and points at the group', () => {
    const key = element(Id.blockGroup, element(Id.block, blockContent(1, 0, 0, vp8Keyframe(64, 48))))
    const inter = element(Id.blockGroup, element(Id.block, blockContent(1, 33, 0, vp8Interframe)), referenceBlock)
    const reading = read(openCluster(500), key, inter, simpleBlock(1, 66, 0x80, vp8Keyframe(64, 48)))
    expect(isKey(reading)).toEqual([true, false, true])
    const start = vp8OpusHeader.length + openCluster(500).length
    expect(factsOf(reading, 'VideoFrame')[0]).toMatchObject({ pts: 45_000, randomAccess: { position: { offset: start, clusterTimecode: 500 } } })
    expect(factsOf(reading, 'Invalid')).toEqual([])
  })

  it('counts a keyframe without its flag as none, since FFmpeg drops it when it comes first', () => {
    expect(isKey(read(openCluster(0), simpleBlock(1, 0, 0, vp8Keyframe(64, 48))))).toEqual([false])
  })

  it('counts a flag on a frame that depends on others as no keyframe', () => {
    expect(isKey(read(openCluster(0), simpleBlock(1, 0, 0x80, vp8Interframe), simpleBlock(1, 1, 0x80, [])))).toEqual([false, false])
  })

  it('follows times before their Cluster', () => {
    expect(factsOf(read(openCluster(1_000), simpleBlock(1, -10 & 0xffff, 0, vp8Interframe)), 'VideoFrame')[0]?.pts).toBe(990 * 90)
  })
})

describe('audio', () => {
  const points = (reading: SourceReading): ReadonlyArray<number> => factsOf(reading, 'AudioFrame').map((fact) => fact.pts / 90)

  it('puts uneven stamps on the sample count, also in BlockGroups and over Clusters', () => {
    const last = element(Id.blockGroup, element(Id.block, blockContent(2, 2, 0, opus20ms)), element(0x75a2, [1]))
    const reading = read(openCluster(100), simpleBlock(2, 0, 0x80, opus20ms), simpleBlock(2, 27, 0x80, opus20ms), openCluster(135), last)
    expect(points(reading)).toEqual([100, 120, 140])
    expect(points(readSource('webm', chunksOf([reading.fed])))).toEqual([100, 120, 140])
  })

  it('begins anew at a stamp more than 100 ms off', () => {
    expect(points(read(openCluster(0), simpleBlock(2, 0, 0x80, opus20ms), simpleBlock(2, 121, 0x80, opus20ms), simpleBlock(2, 150, 0x80, opus20ms)))).toEqual([0, 121, 141])
    expect(points(read(openCluster(0), simpleBlock(2, 0, 0x80, opus20ms), simpleBlock(2, 120, 0x80, opus20ms)))).toEqual([0, 20])
  })

  const frames = [opus20ms, [0xf8], [...opus20ms, 9]]
  const laced = frames.flat()
  it.each([
    ['Xiph', 0x02, [2, 4, 1, ...laced]],
    ['EBML', 0x06, [2, 0x84, 0xbf - 3, ...laced]],
    ['fixed-size', 0x04, [2, ...opus20ms, ...opus20ms, ...opus20ms]],
  ])('counts the packets of a block with %s lacing', (_, flags, payload) => {
    const reading = read(openCluster(0), simpleBlock(2, 0, flags, payload), simpleBlock(2, 70, 0, opus20ms))
    expect(points(reading)).toEqual([0, 20, 40, 60])
    expect(factsOf(reading, 'AudioFrame').map((fact) => fact.point !== undefined)).toEqual([true, false, false, true])
  })

  it.each([
    ['Xiph', 0x02, [2, 200, 1, ...laced]],
    ['EBML', 0x06, [2, 0x84, 0x80, ...laced]],
    ['fixed-size', 0x04, [2, ...opus20ms]],
    ['empty', 0x02, []],
  ])('refuses %s lacing that does not add up', (_, flags, payload) => {
    expect(factsOf(read(openCluster(0), simpleBlock(2, 0, flags, payload)), 'Invalid')).toMatchObject([{ reason: 'the lacing of an audio block does not add up' }])
  })
})

describe('structure', () => {
  const key = simpleBlock(1, 0, 0x80, vp8Keyframe(64, 48))

  it('reads Clusters of known size and elements between and inside them', () => {
    const padding = element(Id.void, [0, 0, 0])
    const cluster = element(Id.cluster, element(Id.timestamp, [7]), element(Id.position, [1]), padding, key)
    const reading = read(cluster, padding, element(Id.tags, [0xff, 0xff]), element(Id.cues, []), cluster, openCluster(9), key, element(Id.cues, []), cluster)
    expect(factsOf(reading, 'Invalid')).toEqual([])
    expect(factsOf(reading, 'VideoFrame').map((fact) => fact.pts)).toEqual([630, 630, 810, 630])
  })

  it.each([
    ['a block before its Cluster has a time', [element(Id.cluster, key)], /before the Timestamp/],
    ['a block between Clusters', [element(Id.cluster, element(Id.timestamp, [7])), key], /does not belong here/],
    ['a block beyond its Cluster', [Uint8Array.from([...element(Id.cluster, element(Id.timestamp, [7]), key).slice(0, -1)].map((byte, i) => (i === 7 ? byte - 1 : byte)))], /reaches beyond/],
    ['an element that nobody knows', [openCluster(0), element(0x4b4b, [1])], /does not belong here \(id 4b4b\)/],
    ['a BlockGroup without a Block', [openCluster(0), element(Id.blockGroup, referenceBlock)], /holds no Block/],
    ['a Block beyond its group', [openCluster(0), element(Id.blockGroup, element(Id.block, [1, 2, 3, 4, 5]).slice(0, -1))], /reaches beyond the BlockGroup/],
    ['a block too short', [openCluster(0), element(Id.simpleBlock, [0x81, 0, 0])], /too short/],
    ['a time beyond reason', [openCluster(0), element(Id.timestamp, [255, 255, 255, 255, 255, 255, 255, 255])], /beyond reason/],
  ])('stops at %s', (_, parts, reason) => {
    const reading = read(...parts)
    expect(factsOf(reading, 'Invalid')).toHaveLength(1)
    expect(factsOf(reading, 'Invalid')[0]?.reason).toMatch(reason)
    expect(reading.fed.length).toBeLessThanOrEqual(vp8OpusHeader.length + parts.reduce((sum, part) => sum + part.length, 0) - 1)
  })

  it('names a codec that it cannot follow', () => {
    const header = Buffer.from(vp8OpusHeader.map((byte, i) => (Buffer.from(vp8OpusHeader).indexOf('V_VP8') + 4 === i ? 0x37 : byte)))
    expect(factsOf(readAll(header, openCluster(0)), 'Invalid')[0]?.reason).toMatch(/video codec V_VP7 is not supported/)
  })
})
