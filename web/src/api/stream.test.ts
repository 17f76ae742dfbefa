import { expect, test } from 'vitest'
import { pictureSize, readStreams } from './stream.ts'

const stream = { id: 'a', title: ' ', status: 'live', state: 'live', startedAt: '2026-01-02T03:04:05Z', renditions: [{ name: 'source', codec: 'avc1', width: 1280, height: 720 }] }

test('a stream without a title is called so, and its playlist is where live playlists are', () => {
  expect(readStreams({ streams: [stream] })).toMatchObject([{ id: 'a', title: 'Untitled stream', playlist: '/live/a/index.m3u8' }])
})

test.each(['', ' \u3000', '\u200b\u200b', '\ufeff\u2060', '\u3164', 7, undefined])('a title that nobody sees is none: %j', (title) => {
  expect(readStreams({ streams: [{ ...stream, title }] })).toMatchObject([{ title: 'Untitled stream' }])
})

test.each(['7', '.', '🎬', 'مباشر', '\u200bA'])('%j is a title', (title) => {
  expect(readStreams({ streams: [{ ...stream, title }] })).toMatchObject([{ title }])
})

test('an entry of unknown status or state is left out, the others stay', () => {
  expect(readStreams({ streams: [{ ...stream, status: 'dreaming' }, { ...stream, state: 'dreaming' }, null, stream] }).length).toBe(1)
})

test('an answer that is no list is refused', () => {
  expect(() => readStreams({ detail: 'no' })).toThrow('cannot be read')
})

test('the size of a picture is its shorter side, also for one that stands upright', () => {
  const [upright] = readStreams({ streams: [{ ...stream, renditions: [{ name: 'source', width: 720, height: 1280 }, { name: 'audio', width: 0, height: 0 }] }] })
  expect(upright && pictureSize(upright)).toBe('720p')
})
