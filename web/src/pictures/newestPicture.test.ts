import { expect, test } from 'vitest'
import type { Rendition, Stream } from '../api/stream.ts'
import { newestPicture, pictureSource } from './newestPicture.ts'

const lines = (...text: ReadonlyArray<string>): string => ['#EXTM3U', '#EXT-X-VERSION:9', ...text, ''].join('\n')

test('the newest part that begins with a keyframe is taken, with the init segment before it', () => {
  const playlist = lines(
    '#EXT-X-MAP:URI="init-0.mp4"',
    '#EXTINF:2.00000,',
    'segment_00000.m4s',
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-MAP:URI="init-1.mp4"',
    '#EXT-X-PART:DURATION=0.20000,URI="part_1_0.m4s",INDEPENDENT=YES',
    '#EXT-X-PART:DURATION=0.20000,URI="part_1_5.m4s",INDEPENDENT=YES',
    '#EXT-X-PART:DURATION=0.20000,URI="part_1_6.m4s"',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part_1_7.m4s"',
  )
  expect(newestPicture(playlist)).toEqual({ init: 'init-1.mp4', media: 'part_1_5.m4s' })
})

test('where no part begins with a keyframe, the newest segment that has media is taken', () => {
  const playlist = lines(
    '#EXT-X-MAP:URI="init-0.mp4"',
    '#EXTINF:6.00000,',
    'segment_00003.m4s',
    '#EXT-X-GAP',
    '#EXTINF:0.00000,',
    'segment_00004.m4s',
    '#EXT-X-PART:DURATION=0.20000,URI="part_5_1.m4s"',
    '#EXT-X-PART:DURATION=0.20000,URI="part_5_2.m4s",INDEPENDENT=YES,GAP=YES',
  )
  expect(newestPicture(playlist)).toEqual({ init: 'init-0.mp4', media: 'segment_00003.m4s' })
})

test.each([
  ['no media yet', lines('#EXT-X-MAP:URI="init-0.mp4"', '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part_0_0.m4s"')],
  ['no init segment', lines('#EXTINF:2.00000,', 'segment_00000.m4s')],
  ['no playlist', '<!doctype html>\n#'],
  ['nothing', ''],
])('there is no picture in a playlist with %s', (_what, playlist) => {
  expect(newestPicture(playlist)).toBeUndefined()
})

const video = (name: string, width: number, height: number): Rendition => ({ name, codec: 'avc1.64001f', width, height })
const stream = { id: 'a', title: 'a', status: 'live', isPublishing: true, startedAt: '', playlist: '', renditions: [video('source', 1280, 720), video('240p', 426, 240), video('480p', 854, 480), { name: 'audio', codec: 'mp4a.40.2', width: 0, height: 0 }] } as unknown as Stream

test('the smallest video is asked for, as nobody’s viewer', () => {
  expect(pictureSource(stream)).toEqual({ playlist: '/live/a/240p/playlist.m3u8?viewer=none', mimeType: 'video/mp4; codecs="avc1.64001f"' })
})

test.each([
  ['has ended', { ...stream, status: 'ended' } as Stream],
  ['has lost its publisher', { ...stream, isPublishing: false }],
  ['is sound alone', { ...stream, renditions: stream.renditions.slice(-1) }],
])('a stream that %s has no picture to ask for', (_what, other) => {
  expect(pictureSource(other)).toBeUndefined()
})
