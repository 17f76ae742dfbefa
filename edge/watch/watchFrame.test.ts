import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeHeader, FrameBuffer, type FrameHeader, initHeader, initPayload, readHeader, renumber } from './watchFrame.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

it('writes kind, flags, rendition, segment and time as the table of the protocol has them, big-endian', () => {
  const fragment = encodeHeader({ kind: 'fragment', randomAccess: true, discontinuity: false, rendition: 0x0102, msn: 0x03040506, programDateTime_ms: 1_700_000_000_000.5 })
  expect(hex(fragment)).toBe('0201' + '0102' + '03040506' + '4278bcfe56800800')
  expect(hex(initHeader(fragment))).toBe('0101' + '0102' + '03040506' + '4278bcfe56800800')
  expect(hex(encodeHeader({ kind: 'init', randomAccess: false, discontinuity: true, rendition: 0, msn: 0, programDateTime_ms: 0 }))).toBe('0102' + '0000' + '00000000' + '0000000000000000')
  expect(encodeHeader({ kind: 'fragment', randomAccess: true, discontinuity: true, rendition: 0, msn: 0, programDateTime_ms: 0 })[1]).toBe(3)
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
  const frames = new FrameBuffer()
  fc.assert(fc.property(headers, fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 0xffff }), (header, payload, number) => {
    const bytes = encodeHeader(header)
    expect(readHeader(frames.join(bytes, payload))).toEqual(header)
    renumber(bytes, number)
    const frame = frames.join(bytes, payload)
    expect(readHeader(frame)).toEqual({ ...header, rendition: number })
    expect(frame.subarray(16)).toEqual(payload)
  }))
})

it('puts messages of any size together, one after the other in the same place', () => {
  const frames = new FrameBuffer()
  const header = new Uint8Array(16).fill(1)
  for (const bytes of [0, 5, 1_000_000, 3, 70_000]) {
    expect(frames.join(header, new Uint8Array(bytes).fill(2))).toEqual(new Uint8Array([...header, ...new Uint8Array(bytes).fill(2)]))
  }
  expect(frames.join(header, new Uint8Array(9)).buffer).toBe(frames.join(header, new Uint8Array(7)).buffer)
})

it('takes nothing for a header that is none', () => {
  expect(readHeader(new Uint8Array(15))).toBeUndefined()
  expect(readHeader(new Uint8Array(16))).toBeUndefined()
})
