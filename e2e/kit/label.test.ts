import { describe, expect, test } from 'vitest'
import { type Label, labelHeight, labelReaderSource, paintLabel, readLabel, stripSize } from './label.ts'

/** A picture with the label, scaled to the strip by taking the nearest sample. */
const stripOf = (label: Label, width: number): Uint8Array => {
  const height = labelHeight(width)
  const luma = new Uint8Array(width * height).fill(90)
  paintLabel(luma, width, label)
  const strip = new Uint8Array(stripSize.width * stripSize.height)
  const side = Math.floor(width / 32)
  for (let y = 0; y < stripSize.height; y++)
    for (let x = 0; x < stripSize.width; x++)
      strip[y * stripSize.width + x] = luma[Math.floor(((y + 0.5) * side) / 4) * width + Math.floor(((x + 0.5) * side) / 4)] ?? 0
  return strip
}

const label = { clock_ms: 1_790_000_123_456, frame: 4_000_000_001 }

describe('label', () => {
  test.each([128, 320, 640, 1280])('reads back what was painted, %i pixels wide', (width) => {
    expect(readLabel(stripOf(label, width))).toEqual(label)
  })

  test('is refused when one square is wrong', () => {
    const strip = stripOf(label, 640)
    for (let y = 4; y < 8; y++) for (let x = 20; x < 24; x++) strip[y * 128 + x] = 251 - (strip[y * 128 + x] ?? 0)
    expect(readLabel(strip)).toBeUndefined()
  })

  test('is not seen in an even picture', () => {
    expect(readLabel(new Uint8Array(128 * 12).fill(120))).toBeUndefined()
  })

  test('reads RGBA samples through the source meant for a browser page', () => {
    const rgba = Array.from(stripOf(label, 640)).flatMap((grey) => [grey, grey, grey, 255])
    const readInPage = new Function(`${labelReaderSource}\nreturn readLabel`)() as typeof readLabel
    expect(readInPage(rgba, 4)).toEqual(label)
  })
})
