import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BoxSplitter } from './boxes.ts'

const box = (type: string, content: Uint8Array): Uint8Array => {
  const bytes = Buffer.alloc(8 + content.length)
  bytes.writeUInt32BE(bytes.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(content, 8)
  return bytes
}

const cut = (bytes: Uint8Array, at: ReadonlyArray<number>): Array<Uint8Array> => {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place))
}

it('gives the same boxes however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.nat(1_000), { maxLength: 20 }),
      (contents, places) => {
        const boxes = contents.map((content, index) => box(`b${index}xx`, content))
        const splitter = new BoxSplitter()
        const found = cut(Buffer.concat(boxes), places).flatMap((piece) => splitter.push(piece).boxes)
        expect(found.map((each) => [each.type, [...each.bytes]])).toEqual(
          boxes.map((bytes, index) => [`b${index}xx`, [...bytes]]),
        )
        expect(splitter.atBorder).toBe(true)
      },
    ),
  )
})

it('reads a 64-bit size', () => {
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from('mdat'), Buffer.alloc(8), Buffer.from('data')])
  bytes.writeBigUInt64BE(BigInt(bytes.length), 8)
  const splitter = new BoxSplitter()
  const found = [...bytes].flatMap((byte) => splitter.push(Uint8Array.of(byte)).boxes)
  expect(found).toHaveLength(1)
  expect(found[0]?.headerBytes).toBe(16)
  expect(found[0]?.bytes).toEqual(bytes)
})

it('does not copy a box that comes in one piece', () => {
  const bytes = Buffer.concat([box('free', new Uint8Array(3)), box('mdat', new Uint8Array(5))])
  const found = new BoxSplitter().push(bytes).boxes
  expect(found.map((each) => each.bytes.buffer === bytes.buffer)).toEqual([true, true])
})

it('is not at a border inside a box', () => {
  const splitter = new BoxSplitter()
  splitter.push(box('mdat', new Uint8Array(5)).subarray(0, 3))
  expect(splitter.atBorder).toBe(false)
})

it.each([
  ['a size below the header', Buffer.from([0, 0, 0, 7, 0x6d, 0x64, 0x61, 0x74])],
  ['a box without an end', Buffer.from([0, 0, 0, 0, 0x6d, 0x64, 0x61, 0x74])],
  ['a type that is not text', Buffer.from([0, 0, 0, 16, 0, 1, 2, 3])],
  ['a box over the limit', Buffer.from([0, 0, 4, 0, 0x6d, 0x64, 0x61, 0x74])],
])('refuses %s, for good, after the boxes before it', (_, nonsense) => {
  const splitter = new BoxSplitter(1_000)
  const first = splitter.push(Buffer.concat([box('free', new Uint8Array(2)), nonsense]))
  expect(first.boxes.map((each) => each.type)).toEqual(['free'])
  expect(first.error?._tag).toBe('BoxInvalid')
  expect(splitter.push(box('free', new Uint8Array(2)))).toEqual({ boxes: [], error: first.error })
  expect(splitter.atBorder).toBe(false)
})

it('takes a big box in small pieces in linear time', () => {
  const bytes = box('mdat', new Uint8Array(8 * 1024 * 1024))
  const splitter = new BoxSplitter()
  const started_ms = performance.now()
  let boxes = 0
  for (let at = 0; at < bytes.length; at += 64) boxes += splitter.push(bytes.subarray(at, at + 64)).boxes.length
  expect(boxes).toBe(1)
  // 131,000 pushes: joining at each would copy half a terabyte.
  expect(performance.now() - started_ms).toBeLessThan(5_000)
})

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (pieces) => {
      const splitter = new BoxSplitter(500)
      for (const piece of pieces) splitter.push(piece)
    }),
  )
})
