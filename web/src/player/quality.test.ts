import { expect, test } from 'vitest'
import { optionsOf, qualityOf, shownLabel } from './quality.ts'

const source = { name: 'source', width: 1280, height: 720, bandwidth: 2_500_000 }
const small = { name: '480p', width: 854, height: 480, bandwidth: 1_000_000 }

test('pictures are called by their shorter side, the best first', () => {
  expect(optionsOf([small, source, { ...source, name: 'upright', width: 1080, height: 1920 }]).map(({ label }) => label)).toEqual(['1080p', '720p', '480p'])
})

test('two of the same size are told apart', () => {
  expect(optionsOf([source, { ...source, name: '720p', bandwidth: 1_200_000 }]).map(({ label }) => label)).toEqual(['720p · 2.5 Mb/s', '720p · 1.2 Mb/s'])
})

test('a choice that this stream does not have is played automatically', () => {
  expect(qualityOf([source, small], '480p', 'source')).toMatchObject({ chosen: '480p' })
  expect(qualityOf([source, small], '240p', 'source')).toMatchObject({ chosen: 'auto' })
})

test('what plays is named by its size', () => {
  expect(shownLabel(qualityOf([source, small], 'auto', '480p'))).toBe('480p')
  expect(shownLabel(qualityOf([source, small], 'auto', undefined))).toBeUndefined()
})
