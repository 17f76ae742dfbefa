import fc from 'fast-check'
import { expect, it } from 'vitest'
import { initName, isRenditionName, parseMediaName, partName, segmentName } from './mediaNames.ts'

it('reads back every name that it writes', () => {
  fc.assert(fc.property(fc.nat(9_999_999), fc.nat(9_999), (msn, part) => {
    expect(parseMediaName(segmentName(msn))).toEqual({ _tag: 'Segment', msn })
    expect(parseMediaName(partName(msn, part))).toEqual({ _tag: 'Part', msn, part })
    expect(parseMediaName(initName(part))).toEqual({ _tag: 'Init', number: part })
  }))
})

it('knows one name only for each file', () => {
  for (const name of ['segment_1.m4s', 'segment_000001.m4s', 'part_01_0.m4s', 'part_1.m4s', 'init-00.mp4', 'init-1.mp4x', '../init-1.mp4', 'part_1_-1.m4s', 'part_99999999999_0.m4s', '']) {
    expect(parseMediaName(name)).toBeUndefined()
  }
})

it('takes no rendition name that could leave its folder', () => {
  for (const name of ['..', 'a/b', 'A', '', 'x'.repeat(33), 'a b', 'a\0']) expect(isRenditionName(name)).toBe(false)
  expect(isRenditionName('720p')).toBe(true)
})
