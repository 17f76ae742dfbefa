import { expect, it } from 'vitest'
import { BoxSplitter } from '../fmp4/boxes.ts'
import { writeFragment } from '../fmp4/writeFragment.ts'
import { recording } from '../testing/recordings.ts'
import { RenditionReader } from './RenditionReader.ts'

const init = Buffer.concat(
  new BoxSplitter()
    .push(recording('videoonly-avc1.mp4').bytes)
    .boxes.filter((box) => box.type === 'ftyp' || box.type === 'moov')
    .map((box) => box.bytes),
)

const fragment = (dts: number): Uint8Array =>
  writeFragment(1, [{ dts, cts: 0, duration: 10, keyframe: true, data: Uint8Array.of(1, 2, 3) }])

it('is whole exactly where a fragment ends', () => {
  const stream = Buffer.concat([init, fragment(0), fragment(10)])
  const fragmentBytes = fragment(0).length
  const borders = [init.length, init.length + fragmentBytes, stream.length]
  for (let length = 0; length <= stream.length; length += 1) {
    const reader = new RenditionReader()
    reader.push(stream.subarray(0, length))
    expect(reader.isWhole).toBe(borders.includes(length))
  }
})

it('gives the init segment once, and the samples of what is whole', () => {
  const reader = new RenditionReader()
  const output = reader.push(Buffer.concat([init, fragment(0), fragment(10).subarray(0, -1)]))
  expect(output.init?.bytes).toEqual(new Uint8Array(init))
  expect(output.samples.map((sample) => sample.dts)).toEqual([0])
  expect(reader.push(fragment(10).subarray(-1)).samples.map((sample) => sample.dts)).toEqual([10])
})

it('gives no init segment before the first sample: one of an FFmpeg that was ended before is not what it would have been', () => {
  const reader = new RenditionReader()
  expect(reader.push(init)).toEqual({ init: undefined, samples: [], error: undefined })
  expect(reader.push(fragment(0).subarray(0, 20)).init).toBeUndefined()
  expect(reader.push(fragment(0).subarray(20)).init?.bytes).toEqual(new Uint8Array(init))
  expect(reader.push(fragment(10)).init).toBeUndefined()
})

it.each([
  ['a fragment before the init segment', fragment(0)],
  ['a second init segment', Buffer.concat([init, init])],
  ['a moov that says nothing', Buffer.concat([init.subarray(0, init.readUInt32BE(0)), Buffer.from('\0\0\0\x08moov')])],
  ['something else', Buffer.from('<html></html>')],
])('refuses %s, and whatever follows', (_, stream) => {
  const reader = new RenditionReader()
  const error = reader.push(stream).error
  expect(error).toBeTypeOf('string')
  expect(reader.push(fragment(0))).toEqual({ init: undefined, samples: [], error })
  expect(reader.isWhole).toBe(false)
})
