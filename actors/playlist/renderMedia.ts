import { findRevision } from './findRevision.ts'
import type { Revision, Wanted } from './findRevision.ts'
import { CAN_SKIP_UNTIL_S, PARTS_LISTED_S, PART_HOLD_BACK_PARTS, TARGET_DURATION_S } from './limits.ts'
import { ticksOf } from './liveWindow.ts'
import type { LiveWindow, Part, Report, Segment } from './liveWindow.ts'
import { initName, partName, PLAYLIST_NAME, segmentName } from './mediaNames.ts'
import { dateTime, playlistOf, seconds, targetSeconds } from './playlistText.ts'

/** CLASS of the EXT-X-DATERANGE that names a time of which the media is lost. */
const LOSS_CLASS = 'millrace.loss'

/** A segment as one revision sees it. */
interface Listed {
  readonly segment: Segment
  readonly parts: ReadonlyArray<Part>
  /** EXTINF and URI are there: the rendition has gone on, or the stream has ended. */
  readonly whole: boolean
  /** Seconds from its end to the playlist's end. */
  readonly age_s: number
}

/**
 * The live media playlist of a rendition (RFC 8216bis) up to a part, or up to the newest; `skip` asks for a delta
 * update. Undefined where `findRevision` has no revision ready. A segment gets its EXTINF only with the first part of
 * the next one: players that are told both at once skip its last part.
 */
export const renderMedia = (window: LiveWindow, rendition: string, upTo: Wanted, skip = false): string | undefined => {
  const answer = findRevision(window, rendition, upTo)
  return answer._tag === 'Ready' ? renderRevision(answer.revision, skip) : undefined
}

/** The text of one revision. Equal revisions give equal bytes, on every edge and for ever. */
export const renderRevision = (revision: Revision, skip: boolean): string => {
  const listed = listSegments(revision)
  const skipped = skip && !revision.ended ? skippable(listed) : 0
  const lines = [...header(revision), ...lossLines(listed)]
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  let before: Listed | undefined
  let index = 0
  for (const entry of listed) {
    if (before) index += entry.segment.msn - before.segment.msn
    if (index >= skipped) {
      if (index > skipped) lines.push(...gapLines(before, entry))
      lines.push(...segmentLines(entry, before, index === skipped))
    }
    before = entry
  }
  if (revision.ended) lines.push('#EXT-X-ENDLIST')
  else lines.push(...liveEdge(revision))
  return playlistOf(lines)
}

const header = ({ segments, partTarget_us }: Revision): Array<string> => {
  const target = targetSeconds(partTarget_us)
  const control = `CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(PART_HOLD_BACK_PARTS * target).toFixed(5)},CAN-SKIP-UNTIL=${CAN_SKIP_UNTIL_S.toFixed(1)}`
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${TARGET_DURATION_S}`,
    `#EXT-X-SERVER-CONTROL:${control}`,
    `#EXT-X-PART-INF:PART-TARGET=${target.toFixed(5)}`,
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.msn ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${segments[0]?.discontinuities ?? 0}`
  ]
}

const listSegments = ({ segments, upTo, ended }: Revision): ReadonlyArray<Listed> => {
  const listed: Array<Listed> = []
  let age_s = 0
  for (const segment of segments.toReversed()) {
    const isNewest = segment.msn === upTo.msn
    const parts = isNewest ? segment.parts.slice(0, upTo.part + 1) : segment.parts
    listed.push({ segment, parts, whole: ended || !isNewest, age_s })
    age_s += ticksOf(parts) / segment.timescale
  }
  return listed.reverse()
}

// How many segments from the first lie before the skip boundary.
const skippable = (listed: ReadonlyArray<Listed>): number => {
  const kept = listed.find(({ age_s }) => age_s <= CAN_SKIP_UNTIL_S)
  const first = listed[0]
  return kept && first ? kept.segment.msn - first.segment.msn : 0
}

// What is missing between two segments, for those who read more than they play. Delta updates name all of them too (RFC 8216bis 6.2.5.1).
const lossLines = (listed: ReadonlyArray<Listed>): ReadonlyArray<string> =>
  listed.flatMap(({ segment }, index) => {
    const before = listed[index - 1]
    if (before === undefined || !segment.behindLoss) return []
    const from_ms = before.segment.programDateTime_ms + (ticksOf(before.parts) * 1_000) / before.segment.timescale
    const missing_s = Math.max(0, segment.programDateTime_ms - from_ms) / 1_000
    return [`#EXT-X-DATERANGE:ID="loss-${segment.msn}",CLASS="${LOSS_CLASS}",START-DATE="${dateTime(from_ms)}",DURATION=${missing_s.toFixed(3)}`]
  })

// Numbers that the rendition never used, and those of which nothing is left, still count in its media sequence.
const gapLines = (before: Listed | undefined, { segment }: Listed): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (let msn = (before?.segment.msn ?? segment.msn) + 1; msn < segment.msn; msn++) {
    lines.push('#EXT-X-GAP', '#EXTINF:0.00000,', segmentName(msn))
  }
  return lines
}

const segmentLines = (listed: Listed, before: Listed | undefined, first: boolean): ReadonlyArray<string> => {
  const { segment, parts, whole } = listed
  const lines: Array<string> = []
  const cuts = before ? segment.discontinuities - before.segment.discontinuities : 0
  for (let cut = 0; cut < cuts; cut++) lines.push('#EXT-X-DISCONTINUITY')
  if (first || before?.segment.init !== segment.init || cuts > 0) lines.push(`#EXT-X-MAP:URI="${initName(segment.init)}"`)
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.programDateTime_ms)}`)
  if (listed.age_s <= PARTS_LISTED_S) lines.push(...parts.map((part) => partLine(segment, part)))
  if (!whole) return lines
  lines.push(`#EXTINF:${seconds(ticksOf(parts), segment.timescale)},`, segmentName(segment.msn))
  return lines
}

const partLine = ({ msn, timescale }: Segment, { index, duration, independent }: Part): string =>
  `#EXT-X-PART:DURATION=${seconds(duration, timescale)},URI="${partName(msn, index)}"${independent ? ',INDEPENDENT=YES' : ''}`

const liveEdge = ({ rendition, next, at }: Revision): ReadonlyArray<string> => [
  ...(next ? [`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${partName(next.msn, next.part)}"`] : []),
  ...at.reports.filter((report) => report.rendition !== rendition).map(reportLine)
]

const reportLine = ({ rendition, msn, part }: Report): string =>
  `#EXT-X-RENDITION-REPORT:URI="../${rendition}/${PLAYLIST_NAME}",LAST-MSN=${msn},LAST-PART=${part}`
