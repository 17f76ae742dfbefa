import { expect, test } from 'vitest'
import { isMimeType } from '../../../edge/ingest/mimeType.ts'
import { chooseType, typesFor } from './recordingType.ts'

const both = { picture: true, sound: true }

test('H.264 in WebM is preferred, then VP9, then VP8, and MP4 only where there is nothing else', () => {
  const order = [/h264,opus/, /vp9/, /vp8/, /video\/mp4/]
  let supported = (type: string): boolean => order.some((kind) => kind.test(type))
  for (const kind of order) {
    expect(chooseType(both, supported)).toMatch(kind)
    const before = supported
    supported = (type) => before(type) && !kind.test(type)
  }
  expect(chooseType(both, supported)).toBeUndefined()
})

test('with each recorder that failed another type is tried, down to the last', () => {
  const supported = (type: string): boolean => /h264|vp9|vp8/.test(type)
  expect([0, 1, 2, 9].map((failures) => chooseType(both, supported, failures)?.match(/h264|vp9|vp8/)?.[0])).toEqual(['h264', 'vp9', 'vp8', 'vp8'])
  expect(chooseType(both, () => false, 2)).toBeUndefined()
})

test('what names codecs for H.264 in other words is understood too', () => {
  expect(chooseType(both, (type) => type === 'video/x-matroska;codecs=avc1,opus')).toBe('video/x-matroska;codecs=avc1,opus')
  expect(chooseType(both, (type) => type === 'video/mp4;codecs=avc1.42E01F,mp4a.40.2')).toBeDefined()
})

test('sound is named only where there is sound, and sound alone has types of its own', () => {
  expect(chooseType({ picture: true, sound: false }, () => true)).toBe('video/webm;codecs=h264')
  expect(chooseType({ picture: false, sound: true }, () => true)).toBe('audio/webm;codecs=opus')
})

test('the edge takes each of them', () => {
  for (const tracks of [both, { picture: true, sound: false }, { picture: false, sound: true }]) {
    expect(typesFor(tracks).filter((type) => !isMimeType(type))).toEqual([])
  }
})
