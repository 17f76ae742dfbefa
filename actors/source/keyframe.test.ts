import { describe, expect, it } from 'vitest'
import { judgeKeyframe, readKeyframeHead, type VideoFormat } from './keyframe.ts'

const annexB: VideoFormat = { codec: 'h264', nalLengthBytes: 0, headerParameters: false }
const avc1: VideoFormat = { codec: 'h264', nalLengthBytes: 4, headerParameters: true }

const withStartCodes = (...nals: ReadonlyArray<ReadonlyArray<number>>): Uint8Array => Uint8Array.from(nals.flatMap((nal) => [0, 0, 0, 1, ...nal]))
const withLengths = (...nals: ReadonlyArray<ReadonlyArray<number>>): Uint8Array => Uint8Array.from(nals.flatMap((nal) => [0, 0, 0, nal.length, ...nal]))

const sps = [0x67, 0x42, 0xc0, 0x1f]
const pps = [0x68, 0xce, 0x3c, 0x80]
const sei = [0x06, 5, 1, 0, 0x80]
const idr = [0x65, 0xb8, 0, 4]
const slice = [0x41, 0x9a]

describe('the head of a keyframe', () => {
  it.each([['start codes', annexB, withStartCodes], ['lengths', avc1, withLengths]])('tells the same parameters with %s, whatever stands between', (_, format, write) => {
    const expected = { key: true, parameters: '6742c01f;68ce3c80;' }
    expect(readKeyframeHead(format, write(sps, pps, idr), false)).toEqual(expected)
    expect(readKeyframeHead(format, write([9, 0xf0], sps, sei, pps, sei, idr), false)).toEqual(expected)
    expect(readKeyframeHead(format, write(slice), false)).toEqual({ key: false })
    expect(readKeyframeHead(format, write(idr), false)).toEqual({ key: true, parameters: '' })
  })

  it.each([['start codes', annexB, withStartCodes], ['lengths', avc1, withLengths]])('with %s is asked for until its first slice has come', (_, format, write) => {
    const bytes = write(sps, pps, sei, idr)
    const untilSlice = bytes.length - idr.length
    for (let length = 0; length <= untilSlice; length++) expect(readKeyframeHead(format, bytes.subarray(0, length), false)).toBeUndefined()
    expect(readKeyframeHead(format, bytes.subarray(0, untilSlice + 1), false)).toMatchObject({ key: true })
    expect(readKeyframeHead(format, bytes.subarray(0, untilSlice), true)).toEqual({ key: false })
  })
})

describe('judging a keyframe', () => {
  it('takes the first parameters, and tells when others come', () => {
    const first = judgeKeyframe(annexB, { key: true, parameters: 'a' }, undefined)
    expect(first).toEqual({ randomAccess: true, changed: false, parameters: 'a' })
    expect(judgeKeyframe(annexB, { key: true, parameters: 'a' }, 'a').changed).toBe(false)
    expect(judgeKeyframe(annexB, { key: true, parameters: 'b' }, 'a')).toEqual({ randomAccess: true, changed: true, parameters: 'b' })
  })

  it('goes on from a keyframe without parameters only where the header has those in effect', () => {
    expect(judgeKeyframe(avc1, { key: true, parameters: '' }, undefined).randomAccess).toBe(true)
    expect(judgeKeyframe(avc1, { key: true, parameters: '' }, 'b').randomAccess).toBe(false)
    expect(judgeKeyframe(annexB, { key: true, parameters: '' }, undefined).randomAccess).toBe(false)
  })
})
