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
  for (const segment of segments) {
    lines.push(...segmentLines(segment, before))
    before = segment
  }
  return playlistOf([...lines, '#EXT-X-ENDLIST'])
}

const segmentLines = (segment: VodSegment, before: VodSegment | undefined): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const cuts = before ? segment.discontinuities - before.discontinuities : 0
  for (let msn = (before?.msn ?? segment.msn) + 1; msn < segment.msn; msn++) lines.push('#EXT-X-GAP', '#EXTINF:0.00000,', segmentName(msn))
  for (let cut = 0; cut < cuts; cut++) lines.push('#EXT-X-DISCONTINUITY')
  if (before?.init !== segment.init || cuts > 0) lines.push(`#EXT-X-MAP:URI="${initName(segment.init)}"`)
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.programDateTime_ms)}`)
  lines.push(`#EXTINF:${seconds(segment.duration, segment.timescale)},`, segmentName(segment.msn))
  return lines
}

/** BANDWIDTH and AVERAGE-BANDWIDTH (bits per second) of one rendition's segments (RFC 8216bis 4.4.6.2). */
export const measureBandwidth = (segments: ReadonlyArray<VodSegment>): { readonly bandwidth: number; readonly averageBandwidth: number } => {
  const timed = segments.filter(({ duration }) => duration > 0)
  const rate = (bytes: number, time_s: number): number => (time_s > 0 ? Math.ceil((bytes * 8) / time_s) : 0)
  const time_s = timed.reduce((sum, { duration, timescale }) => sum + duration / timescale, 0)
  const bytes = timed.reduce((sum, segment) => sum + segment.bytes, 0)
  const peak = Math.max(0, ...timed.map((segment) => rate(segment.bytes, segment.duration / segment.timescale)))
  return { bandwidth: peak, averageBandwidth: rate(bytes, time_s) }
}
