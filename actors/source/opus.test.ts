import { describe, expect, it } from 'vitest'
import { opusSamples } from './opus.ts'

const packet = (config: number, code: number, count = 0): Uint8Array => Uint8Array.of((config << 3) | code, count)

describe('the duration of an Opus packet', () => {
  it.each([
    ['SILK 60 ms', 3, 2_880],
    ['SILK 10 ms', 8, 480],
    ['hybrid 10 ms', 12, 480],
    ['hybrid 20 ms', 15, 960],
    ['CELT 2.5 ms', 16, 120],
    ['CELT 20 ms', 31, 960],
  ])('is read from the configuration: %s', (_, config, samples) => {
    expect(opusSamples(packet(config, 0))).toBe(samples)
  })

  it('counts the frames of the packet', () => {
    expect(opusSamples(packet(31, 1))).toBe(1_920)
    expect(opusSamples(packet(31, 2))).toBe(1_920)
    expect(opusSamples(packet(31, 3, 3))).toBe(2_880)
    expect(opusSamples(packet(31, 3, 0xc0 | 3))).toBe(2_880)
  })

  it('is nothing for an empty or cut-off packet', () => {
    expect(opusSamples(new Uint8Array())).toBe(0)
    expect(opusSamples(Uint8Array.of((31 << 3) | 3))).toBe(0)
  })
})
