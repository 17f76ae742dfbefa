import { parse, types } from 'hls-parser'
import { expect, it } from 'vitest'
import { renderMultivariant } from './renderMultivariant.ts'
import type { RenditionDescription } from './renderMultivariant.ts'
import { measureBandwidth, renderVod } from './renderVod.ts'
import type { VodSegment } from './renderVod.ts'
import { parseMedia } from './testing/parsePlaylist.ts'
import { checkMedia } from './testing/rules.ts'

const segment = (msn: number, change: Partial<VodSegment> = {}): VodSegment => ({
  msn, init: 0, duration: 180_000, timescale: 90_000, programDateTime_ms: 1_700_000_000_000 + msn * 2_000, discontinuities: 0, bytes: 500_000, gap: false, ...change
})
const video: RenditionDescription = { name: 'source', kind: 'video', codec: 'avc1.64001f', width: 1280, height: 720, channels: 0, bandwidth: 2_000_000, averageBandwidth: 1_500_000, frameRate: 30 }
const audio: RenditionDescription = { name: 'audio', kind: 'audio', codec: 'mp4a.40.2', width: 0, height: 0, channels: 2, bandwidth: 130_000, averageBandwidth: 128_000, frameRate: 0 }

it('a recording lists every segment, ends, and marks where it was cut', () => {
  const text = renderVod([segment(0), segment(1, { duration: 410_000 }), segment(2, { init: 1, discontinuities: 1 })])
  expect(checkMedia(text).broken).toEqual([])
  const read = parseMedia(text)
  expect([read.vod, read.ended, read.targetDuration_s]).toEqual([true, true, 5])
  expect(read.segments.map(({ map, discontinuity }) => [map, discontinuity])).toEqual([['init-0.mp4', 0], ['init-0.mp4', 0], ['init-1.mp4', 1]])
  expect(parse(text)).toBeInstanceOf(types.MediaPlaylist)
})

it('an empty recording is still a playlist', () => {
  expect(parseMedia(renderVod([]))).toMatchObject({ ended: true, segments: [] })
})

it('measures bit rates over all segments and in the greatest', () => {
  expect(measureBandwidth([segment(0), segment(1, { bytes: 250_000 })])).toEqual({ bandwidth: 2_000_000, averageBandwidth: 1_500_000 })
  expect(measureBandwidth([])).toEqual({ bandwidth: 0, averageBandwidth: 0 })
})

it('video variants share the audio group and count its bit rate', () => {
  const read = parse(renderMultivariant([video, { ...video, name: '480p', height: 480, width: 854, bandwidth: 800_000 }, audio]))
  if (!(read instanceof types.MasterPlaylist)) throw new Error('not multivariant')
  expect(read.variants.map(({ uri, bandwidth, averageBandwidth, codecs, resolution, frameRate }) => ({ uri, bandwidth, averageBandwidth, codecs, resolution, frameRate }))).toEqual([
    { uri: 'source/playlist.m3u8', bandwidth: 2_130_000, averageBandwidth: 1_628_000, codecs: 'avc1.64001f,mp4a.40.2', resolution: { width: 1280, height: 720 }, frameRate: 30 },
    { uri: '480p/playlist.m3u8', bandwidth: 930_000, averageBandwidth: 1_628_000, codecs: 'avc1.64001f,mp4a.40.2', resolution: { width: 854, height: 480 }, frameRate: 30 }
  ])
  expect(read.variants[0]?.audio.map(({ uri, isDefault, channels }) => ({ uri, isDefault, channels }))).toEqual([{ uri: 'audio/playlist.m3u8', isDefault: true, channels: '2' }])
})

it('audio alone is a variant, and video alone has no audio group', () => {
  expect(renderMultivariant([audio])).toContain('CODECS="mp4a.40.2"\naudio/playlist.m3u8')
  expect(renderMultivariant([audio])).not.toContain('EXT-X-MEDIA:')
  expect(renderMultivariant([video])).not.toContain('AUDIO=')
})

it('a recording lists a lost segment as a gap of its length, which names no init segment, and goes on behind it', () => {
  const text = renderVod([segment(0), segment(1, { gap: true, init: 1 }), segment(2, { gap: true, init: 1 }), segment(3, { init: 1 }), segment(4, { init: 1 })])
  expect(checkMedia(text).broken).toEqual([])
  const read = parseMedia(text)
  expect(read.segments.map(({ gap, duration_s, map }) => [gap, duration_s, map])).toEqual([
    [false, 2, 'init-0.mp4'], [true, 2, 'init-0.mp4'], [true, 2, 'init-0.mp4'], [false, 2, 'init-1.mp4'], [false, 2, 'init-1.mp4']
  ])
  expect(text.match(/EXT-X-MAP/g)).toHaveLength(2)
})

it('a recording that begins with a lost segment names the init segment of the first one that is there', () => {
  const text = renderVod([segment(0, { gap: true }), segment(1)])
  expect(checkMedia(text).broken).toEqual([])
  expect(text.indexOf('EXT-X-MAP')).toBeGreaterThan(text.indexOf('EXT-X-GAP'))
})
