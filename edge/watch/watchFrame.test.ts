import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeFrame, type FrameHeader, initPayload, readHeader, renumber } from './watchFrame.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

it('writes kind, flags, rendition, segment and time as the table of the protocol has them, big-endian', () => {
  const fragment = encodeFrame({ kind: 'fragment', randomAccess: true, discontinuity: false, rendition: 0x0102, msn: 0x03040506, programDateTime_ms: 1_700_000_000_000.5 }, new Uint8Array([0xaa, 0xbb]))
  expect(hex(fragment)).toBe('0201' + '0102' + '03040506' + '4278bcfe56800800' + 'aabb')
  expect(hex(encodeFrame({ kind: 'init', randomAccess: false, discontinuity: true, rendition: 0, msn: 0, programDateTime_ms: 0 }, new Uint8Array()))).toBe('0102' + '0000' + '00000000' + '0000000000000000')
  expect(fragment[1]).toBe(1)
  expect(encodeFrame({ kind: 'fragment', randomAccess: true, discontinuity: true, rendition: 0, msn: 0, programDateTime_ms: 0 }, new Uint8Array())[1]).toBe(3)
})

it('puts the length of the JSON, the JSON and the init segment into the payload of an init segment', () => {
  const payload = initPayload('video/mp4; codecs="avc1.64001f"', new Uint8Array([1, 2, 3]))
  const length = (payload[0] ?? 0) * 256 + (payload[1] ?? 0)
  expect(JSON.parse(Buffer.from(payload.subarray(2, 2 + length)).toString())).toEqual({ mimeType: 'video/mp4; codecs="avc1.64001f"' })
  expect([...payload.subarray(2 + length)]).toEqual([1, 2, 3])
})

const headers: fc.Arbitrary<FrameHeader> = fc.record({
  kind: fc.constantFrom<FrameHeader['kind']>('init', 'fragment'),
  randomAccess: fc.boolean(),
  discontinuity: fc.boolean(),
  rendition: fc.integer({ min: 0, max: 0xffff }),
  msn: fc.integer({ min: 0, max: 0xffff_ffff }),
  programDateTime_ms: fc.double({ min: 0, max: 1e13, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
})

it('reads what it writes, leaves the payload as it is, and renumbers nothing else', () => {
  fc.assert(fc.property(headers, fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 0xffff }), (header, payload, number) => {
    const frame = encodeFrame(header, payload)
    expect(readHeader(frame)).toEqual(header)
    expect(frame.subarray(16)).toEqual(payload)
    renumber(frame, number)
    expect(readHeader(frame)).toEqual({ ...header, rendition: number })
    expect(frame.subarray(16)).toEqual(payload)
  }))
})

it('takes nothing for a header that is none', () => {
  expect(readHeader(new Uint8Array(15))).toBeUndefined()
  expect(readHeader(new Uint8Array(16))).toBeUndefined()
})
