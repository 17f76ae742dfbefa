/**
 * The pictures that the generated camera takes: a soft texture sliding by (motion and detail like a slow pan), as
 * yuv420p, with the label on top.
 */
import { labelHeight, paintLabel } from './label.ts'

/** Paints pictures of one size into one buffer, which is overwritten each time. */
export interface Scene {
  /** Bytes of one yuv420p picture. */
  readonly pictureBytes: number
  readonly paint: (frame: number, clock_ms: number) => Uint8Array
}

/** A repeatable source of noise in 0…1. */
const noise = (): (() => number) => {
  let state = 0x2545f491
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

const texture = (width: number, height: number): Uint8Array => {
  const luma = new Uint8Array(width * 2 * height)
  const random = noise()
  for (let y = 0; y < height; y++) {
    let level = 110
    for (let x = 0; x < width * 2; x++) {
      level += (random() - 0.5) * 22 + (110 - level) * 0.04
      const above = y % 4 === 0 ? level : (luma[(y - 1) * width * 2 + x] ?? level)
      luma[y * width * 2 + x] = Math.min(200, Math.max(40, above * 0.8 + level * 0.2))
    }
  }
  return luma
}

const tint = (picture: Uint8Array, width: number, height: number): void => {
  const chromaWidth = width / 2
  const chromaHeight = height / 2
  const blue = width * height
  const red = blue + chromaWidth * chromaHeight
  for (let y = 0; y < chromaHeight; y++) {
    picture.fill(150 - Math.round((30 * y) / chromaHeight), blue + y * chromaWidth, blue + (y + 1) * chromaWidth)
    picture.fill(104 + Math.round((40 * y) / chromaHeight), red + y * chromaWidth, red + (y + 1) * chromaWidth)
  }
}

/** A scene of `width` × `height` pixels, both even, `width` at least 128. */
export const makeScene = (width: number, height: number): Scene => {
  const pictureBytes = (width * height * 3) / 2
  const picture = new Uint8Array(pictureBytes)
  const background = texture(width, height)
  tint(picture, width, height)
  const labelLines = labelHeight(width)
  return {
    pictureBytes,
    paint: (frame, clock_ms) => {
      const slide = (frame * 2) % width
      for (let y = labelLines; y < height; y++) {
        const from = y * width * 2 + slide
        picture.set(background.subarray(from, from + width), y * width)
      }
      paintLabel(picture, width, { clock_ms, frame })
      return picture
    },
  }
}
