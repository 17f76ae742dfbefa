import { Result } from 'effect'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BITRATE_KBPS, parseLadder, videoOutputs } from './ladder.ts'
import type { OutputPlan } from './plan.ts'

const ladder = (text: string): ReadonlyArray<number> => Result.getOrThrow(parseLadder(text))

const sizes = (outputs: ReadonlyArray<OutputPlan>): ReadonlyArray<string> =>
  outputs.map((output) => (output._tag === 'EncodeVideo' ? `${output.rendition} ${output.width}x${output.height}` : output._tag))

it('reads rungs in any order, greatest first', () => {
  expect(ladder('240p, 720p,480p')).toEqual([720, 480, 240])
  expect(ladder(' ')).toEqual([])
})

it.each(['721p', '720', 'p', '720p,', '480p,480p', '-480p', '480P', '0480p'])('refuses the ladder %s', (text) => {
  const error = Result.getOrThrow(Result.flip(parseLadder(text)))
  expect(error._tag).toBe('LadderInvalid')
  expect(error.ladder).toBe(text)
})

it('copies the source and encodes only rungs below it', () => {
  expect(sizes(videoOutputs(ladder('1080p,720p,480p,240p'), { width: 1280, height: 720 }, true))).toEqual([
    'CopyVideo',
    '480p 854x480',
    '240p 426x240',
  ])
})

it('encodes the source at its own size, made even, when it cannot be copied', () => {
  expect(sizes(videoOutputs(ladder('240p'), { width: 801, height: 451 }, false))).toEqual(['source 800x450', '240p 426x240'])
})

it('counts the short side of a portrait source', () => {
  expect(sizes(videoOutputs(ladder('720p,480p'), { width: 720, height: 1280 }, true))).toEqual(['CopyVideo', '480p 480x854'])
})

it('keeps sides even, shape within a pixel or two, and rungs below the source, for any source', () => {
  const everyRung = [...BITRATE_KBPS.keys()]
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 4_000 }), fc.integer({ min: 2, max: 4_000 }), (width, height) => {
      const outputs = videoOutputs(everyRung, { width, height }, false)
      for (const output of outputs) {
        if (output._tag !== 'EncodeVideo') throw new Error('nothing is copied here')
        expect(output.width % 2).toBe(0)
        expect(output.height % 2).toBe(0)
        expect(output.width).toBeLessThanOrEqual(width)
        expect(output.height).toBeLessThanOrEqual(height)
        const scale = Math.min(output.width, output.height) / Math.min(width, height)
        expect(Math.abs(output.width - width * scale)).toBeLessThanOrEqual(1 + width / height)
        expect(output.bitrate_kbps).toBeGreaterThan(0)
      }
    }),
  )
})

it('gives a source between two rungs the bit rate of the upper one', () => {
  const rates = [480, 600, 720, 4_000].map((height) => videoOutputs([], { width: 4_000, height }, false)[0])
  expect(rates.map((output) => (output?._tag === 'EncodeVideo' ? output.bitrate_kbps : undefined))).toEqual([
    1_000, 2_500, 2_500, 16_000,
  ])
})

it('keeps a rung that is there already as big as it is, also where the source has become smaller', () => {
  const kept = (rendition: string) => (rendition === '360p' ? { width: 640, height: 360 } : undefined)
  const outputs = videoOutputs([480, 360, 240], { width: 320, height: 240 }, true, kept)
  expect(outputs).toEqual([{ _tag: 'CopyVideo', rendition: 'source' }, { _tag: 'EncodeVideo', rendition: '360p', width: 640, height: 360, bitrate_kbps: 700 }])
})
