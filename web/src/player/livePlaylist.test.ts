import { expect, test } from 'vitest'
import { firstPlaylist, windowIn } from './livePlaylist.ts'

test('the first rendition of a multivariant playlist is found', () => {
  expect(firstPlaylist('#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI="audio/playlist.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsource/playlist.m3u8?viewer=x\n')).toBe('source/playlist.m3u8?viewer=x')
  expect(firstPlaylist('#EXTM3U\n')).toBeUndefined()
})

test('a playlist reaches back to its first date, for as long as its segments last', () => {
  const playlist = '#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z\n#EXTINF:2.00000,\na.m4s\n#EXTINF:1.5,\nb.m4s\n#EXT-X-PART:DURATION=0.2,URI="c"\n'
  const start_ms = Date.parse('2026-01-02T03:04:05Z')
  expect(windowIn(playlist)).toEqual({ start_ms, end_ms: start_ms + 3_500 })
})

test('without a date nothing can be gone back to by the clock', () => {
  expect(windowIn('#EXTM3U\n#EXTINF:2,\na.m4s\n')).toBeUndefined()
})
