import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8')
const colour = /--([\w-]+): (?:light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|(#[0-9a-f]{6}));/g
const tokens = new Map([...source.matchAll(colour)].map(([, name = '', light, dark, both]) => [name, { light: light ?? both ?? '', dark: dark ?? both ?? '' }]))

/** Relative luminance and contrast as WCAG 2.2 defines them. */
const luminance = (hex: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
const contrast = (one: string, other: string): number => {
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (bright + 0.05) / (dark + 0.05)
}

const grounds = ['ground', 'surface', 'raised', 'sunken']
const texts: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ['ink', [...grounds, 'accent-soft', 'good-soft', 'warn-soft', 'bad-soft']],
  ['muted', [...grounds, 'accent-soft']],
  ['accent', ['ground', 'surface', 'sunken']],
  ['accent-strong', ['ground', 'surface', 'accent-soft']],
  ['on-accent', ['accent', 'accent-strong']],
  ['on-live', ['live', 'live-strong']],
  ['good', ['good-soft', 'surface']],
  ['warn', ['warn-soft', 'surface']],
  ['bad', ['bad-soft', 'surface', 'ground']],
  ['on-stage', ['stage']],
  ['on-stage-muted', ['stage']],
  ['on-stage-accent', ['stage-accent']],
]

describe.each(['light', 'dark'] as const)('in the %s', (scheme) => {
  const valueOf = (name: string): string => {
    const token = tokens.get(name)
    if (token === undefined) throw new Error(`there is no colour ${name}`)
    return token[scheme]
  }

  test.each(texts)('text in %s can be read on all its grounds', (text, on) => {
    for (const ground of on) expect(contrast(valueOf(text), valueOf(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
  })

  test('outlines of what can be filled in, and rings around what has the focus, stand out', () => {
    for (const ground of ['ground', 'surface']) {
      expect(contrast(valueOf('edge'), valueOf(ground)), `edge on ${ground}`).toBeGreaterThanOrEqual(3)
      expect(contrast(valueOf('accent'), valueOf(ground)), `accent on ${ground}`).toBeGreaterThanOrEqual(3)
    }
  })
})
