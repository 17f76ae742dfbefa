import fc from 'fast-check'
import { expect, test } from 'vitest'
import { header_bytes, readFrame } from './watchFrame.ts'

interface Written {
  readonly kind: number
  readonly flags: number
  readonly rendition: number
  readonly msn: number
  readonly startsAt_ms: number
  readonly payload: Uint8Array
}

const write = ({ kind, flags, rendition, msn, startsAt_ms, payload }: Written): ArrayBuffer => {
  const bytes = new Uint8Array(header_bytes + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, kind)
  view.setUint8(1, flags)
  view.setUint16(2, rendition)
  view.setUint32(4, msn)
  view.setFloat64(8, startsAt_ms)
  bytes.set(payload, header_bytes)
  return bytes.buffer
}

const initPayload = (description: string, segment: ReadonlyArray<number>): Uint8Array => {
  const text = new TextEncoder().encode(description)
  return Uint8Array.of(text.length >> 8, text.length & 255, ...text, ...segment)
}

const head = { rendition: 1, msn: 7, startsAt_ms: 1_790_000_000_123.5 }

test('a fragment is read with its flags and its bytes', () => {
  const frame = readFrame(write({ ...head, kind: 2, flags: 3, payload: Uint8Array.of(9, 8, 7) }))
  expect(frame).toMatchObject({ kind: 'fragment', rendition: 1, startsAt_ms: head.startsAt_ms, isRandomAccess: true })
  expect([...(frame?.bytes ?? [])]).toEqual([9, 8, 7])
})

test('an init segment is read with its type, and without it is none', () => {
  const frame = readFrame(write({ ...head, kind: 1, flags: 0, payload: initPayload('{"mimeType":"video/mp4; codecs=\\"avc1.64001f\\""}', [1, 2]) }))
  expect(frame).toMatchObject({ kind: 'init', mimeType: 'video/mp4; codecs="avc1.64001f"' })
  expect([...(frame?.bytes ?? [])]).toEqual([1, 2])
  expect(readFrame(write({ ...head, kind: 1, flags: 0, payload: initPayload('{"mime":1}', [1, 2]) }))).toBeUndefined()
  expect(readFrame(write({ ...head, kind: 1, flags: 0, payload: Uint8Array.of(255, 255, 1) }))).toBeUndefined()
})

test('every header comes back as it was written', () => {
  const written = fc.record({
    flags: fc.integer({ min: 0, max: 3 }),
    rendition: fc.integer({ min: 0, max: 0xffff }),
    msn: fc.integer({ min: 0, max: 0xffffffff }),
    startsAt_ms: fc.double({ noNaN: true, noDefaultInfinity: true }),
    payload: fc.uint8Array({ minLength: 1, maxLength: 64 }),
  })
  fc.assert(
    fc.property(written, (frame) => {
      const { rendition, startsAt_ms } = frame
      expect(readFrame(write({ ...frame, kind: 2 }))).toMatchObject({ kind: 'fragment', rendition, startsAt_ms, isRandomAccess: (frame.flags & 1) === 1 })
    }),
  )
})

test('whatever bytes come are read or left alone', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readFrame(new Uint8Array(bytes).buffer)))
})
