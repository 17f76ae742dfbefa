import { initName, segmentName } from './mediaNames.ts'
import { dateTime, playlistOf, seconds } from './playlistText.ts'

/** A segment of a recording, as its row says. `duration` in ticks of `timescale`. */
export interface VodSegment {
  /** Media sequence number. */
  readonly msn: number
  /** Number of its init segment. */
  readonly init: number
  readonly duration: number
  readonly timescale: number
  /** Wall clock of its start, ms since 1970. */
  readonly programDateTime_ms: number
  /** Discontinuities of the stream before it. */
  readonly discontinuities: number
  readonly bytes: number
  /** Its media is lost: it is listed, so that time goes on, and not to be loaded (RFC 8216bis 4.4.4.7). */
  readonly gap: boolean
}

/**
 * The media playlist of one rendition of a recording (RFC 8216bis, PLAYLIST-TYPE:VOD), for segments in ascending
 * order. URIs are relative to the rendition's folder.
 */
export const renderVod = (segments: ReadonlyArray<VodSegment>): string => {
  const longest = Math.max(1, ...segments.map(({ duration, timescale }) => Math.round(duration / timescale)))
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${longest}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.msn ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${segments[0]?.discontinuities ?? 0}`
  ]
  let before: VodSegment | undefined
  let init: number | undefined
  for (const segment of segments) {
    const cuts = before ? segment.discontinuities - before.discontinuities : 0
    if (cuts > 0) init = undefined
    lines.push(...numbersBetween(before, segment), ...Array.from({ length: cuts }, () => '#EXT-X-DISCONTINUITY'), ...segmentLines(segment, init))
    if (!segment.gap) init = segment.init
    before = segment
  }
  return playlistOf([...lines, '#EXT-X-ENDLIST'])
}

// Numbers that the rendition never used still count in its media sequence.
const numbersBetween = (before: VodSegment | undefined, { msn }: VodSegment): ReadonlyArray<string> => {
  const first = (before?.msn ?? msn) + 1
  return Array.from({ length: Math.max(0, msn - first) }, (_, index) => ['#EXT-X-GAP', '#EXTINF:0.00000,', segmentName(first + index)]).flat()
}

// A gap names no init segment: that may be lost with it.
const segmentLines = (segment: VodSegment, init: number | undefined): ReadonlyArray<string> => [
  ...(segment.gap || segment.init === init ? [] : [`#EXT-X-MAP:URI="${initName(segment.init)}"`]),
  `#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.programDateTime_ms)}`,
  ...(segment.gap ? ['#EXT-X-GAP'] : []),
  `#EXTINF:${seconds(segment.duration, segment.timescale)},`,
  segmentName(segment.msn)
]

/** BANDWIDTH and AVERAGE-BANDWIDTH (bits per second) of one rendition's segments (RFC 8216bis 4.4.6.2). */
export const measureBandwidth = (segments: ReadonlyArray<VodSegment>): { readonly bandwidth: number; readonly averageBandwidth: number } => {
  const timed = segments.filter(({ duration }) => duration > 0)
  const rate = (bytes: number, time_s: number): number => (time_s > 0 ? Math.ceil((bytes * 8) / time_s) : 0)
  const time_s = timed.reduce((sum, { duration, timescale }) => sum + duration / timescale, 0)
  const bytes = timed.reduce((sum, segment) => sum + segment.bytes, 0)
  const peak = Math.max(0, ...timed.map((segment) => rate(segment.bytes, segment.duration / segment.timescale)))
  return { bandwidth: peak, averageBandwidth: rate(bytes, time_s) }
}
