/** The waves that stand for a stream without a picture: the same id always gives the same water. Pure. */

/** Colours and lines of one drawing, 320 × 180. */
export interface Water {
  readonly from: string
  readonly to: string
  readonly lines: ReadonlyArray<string>
}

const seedOf = (id: string): number => {
  let seed = 0x811c9dc5
  for (const letter of id) seed = Math.imul(seed ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  return seed >>> 0
}

/** Draws the water of an id. */
export const waterOf = (id: string): Water => {
  let state = seedOf(id) || 1
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
  const hue = 165 + Math.floor(random() * 70)
  const [phase, length, height] = [random() * 320, 120 + random() * 120, 14 + random() * 16]
  const lines = Array.from({ length: 7 }, (_, row) => {
    const y = 34 + row * 22
    const start = -length - ((phase + row * length * 0.17) % length)
    const swing = height * (1 - row * 0.09)
    const crests = Math.ceil((320 - start) / length) + 1
    return `M${start.toFixed(1)} ${y}` + ` q${(length / 4).toFixed(1)} ${(-swing).toFixed(1)} ${(length / 2).toFixed(1)} 0` + ` t${(length / 2).toFixed(1)} 0`.repeat(crests * 2)
  })
  return { from: `oklch(0.47 0.085 ${hue})`, to: `oklch(0.29 0.06 ${hue + 22})`, lines }
}
