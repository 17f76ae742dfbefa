import { parseMedia } from './parsePlaylist.ts'
import type { ListedSegment, ParsedMedia } from './parsePlaylist.ts'

/** What checking found: broken rules as sentences, and how many parts miss the 85 % floor (counted, not broken: irregular sources do). */
export interface RuleReport {
  readonly broken: ReadonlyArray<string>
  readonly shortParts: number
}

/** What is known of the media itself, so that a playlist's claims can be checked against it. */
export interface MediaTruth {
  /** Whether the part of that name begins with a random-access frame. */
  readonly independent: (uri: string) => boolean | undefined
}

const ROUNDING_S = 0.00002
const DATE_TIME_MS = 2

/** Checks one media playlist against RFC 8216bis. */
export const checkMedia = (text: string, truth?: MediaTruth): RuleReport => {
  const playlist = parseMedia(text)
  const broken = [...checkForm(text, playlist), ...checkSegments(playlist), ...checkLowLatency(playlist)]
  if (truth) broken.push(...checkTruth(playlist, truth))
  const short = shortParts(playlist)
  return { broken, shortParts: short }
}

const checkForm = (text: string, playlist: ParsedMedia): ReadonlyArray<string> => {
  const broken: Array<string> = []
  if (!text.startsWith('#EXTM3U\n')) broken.push('the first line is not #EXTM3U (4.4.1.1)')
  if (!text.endsWith('\n') || text.includes('\r') || text.includes('\n\n')) broken.push('lines are not ended by single line feeds')
  if (playlist.unknown.length > 0) broken.push(`unknown tags ${playlist.unknown.join(' ')}`)
  if (!(playlist.targetDuration_s > 0)) broken.push('no EXT-X-TARGETDURATION (4.4.3.1)')
  if (playlist.skipped > 0 && playlist.version < 9) broken.push('EXT-X-SKIP needs version 9 (8)')
  if (playlist.version < 6) broken.push('EXT-X-MAP needs version 6 (8)')
  const once = ['EXT-X-VERSION', 'EXT-X-TARGETDURATION', 'EXT-X-MEDIA-SEQUENCE', 'EXT-X-DISCONTINUITY-SEQUENCE', 'EXT-X-ENDLIST', 'EXT-X-SKIP', 'EXT-X-PART-INF', 'EXT-X-SERVER-CONTROL']
  for (const tag of once) if (text.split('\n').filter((line) => line.split(':', 1)[0] === `#${tag}`).length > 1) broken.push(`${tag} stands twice (4.1)`)
  return broken
}

const checkSegments = ({ segments, targetDuration_s, ended }: ParsedMedia): ReadonlyArray<string> => {
  const broken: Array<string> = []
  segments.forEach((segment, index) => {
    const before = segments[index - 1]
    if (segment.duration_s !== undefined && Math.round(segment.duration_s) > targetDuration_s) broken.push(`segment ${segment.msn} lasts ${segment.duration_s} s, above the target (4.4.3.1)`)
    if (!segment.gap && segment.map === undefined) broken.push(`segment ${segment.msn} has no EXT-X-MAP (4.4.4.5)`)
    if (segment.uri === undefined && (index < segments.length - 1 || ended)) broken.push(`segment ${segment.msn} has no URI though it is not the open one (4.4.4.1)`)
    if (before) broken.push(...checkDateTime(before, segment))
    broken.push(...checkPartSum(segment))
  })
  return broken
}

const checkDateTime = (before: ListedSegment, segment: ListedSegment): ReadonlyArray<string> => {
  const [from, to] = [before.programDateTime_ms, segment.programDateTime_ms]
  if (from === undefined || to === undefined || before.duration_s === undefined || before.discontinuity !== segment.discontinuity) return []
  const off_ms = to - from - before.duration_s * 1_000
  return Math.abs(off_ms) > DATE_TIME_MS ? [`program date-time of segment ${segment.msn} is ${off_ms.toFixed(1)} ms off (4.4.4.6)`] : []
}

const checkPartSum = ({ msn, parts, duration_s }: ListedSegment): ReadonlyArray<string> => {
  if (duration_s === undefined || parts.length === 0) return []
  const sum = parts.reduce((total, part) => total + part.duration_s, 0)
  return Math.abs(sum - duration_s) > ROUNDING_S * (parts.length + 1) ? [`the parts of segment ${msn} last ${sum} s, the segment ${duration_s} s (4.4.4.9)`] : []
}

const checkLowLatency = (playlist: ParsedMedia): ReadonlyArray<string> => {
  const { partTarget_s, control, segments, ended, preloadHint, targetDuration_s } = playlist
  if (partTarget_s === undefined) return segments.some(({ parts }) => parts.length > 0) ? ['parts without EXT-X-PART-INF (4.4.3.7)'] : []
  const broken: Array<string> = []
  if (control.get('CAN-BLOCK-RELOAD') !== 'YES') broken.push('no CAN-BLOCK-RELOAD (4.4.3.8)')
  if (!(Number(control.get('PART-HOLD-BACK')) >= 2 * partTarget_s)) broken.push('PART-HOLD-BACK below two part targets (4.4.3.8)')
  if (!(Number(control.get('CAN-SKIP-UNTIL')) >= 6 * targetDuration_s)) broken.push('CAN-SKIP-UNTIL below six target durations (4.4.3.8)')
  for (const { parts } of segments) for (const part of parts) if (part.duration_s > partTarget_s) broken.push(`${part.uri} lasts ${part.duration_s} s, above the part target (4.4.3.7)`)
  if (ended === (preloadHint !== undefined)) broken.push('a live playlist needs a preload hint, an ended one must have none (4.4.5.3)')
  if (segments.some(({ parts }) => parts.some(({ uri }) => uri === preloadHint))) broken.push('the preload hint names a part that is there (4.4.5.3)')
  broken.push(...checkPartsKept(playlist))
  return broken
}

// Parts may be left out only when they are more than three target durations from the end.
const checkPartsKept = ({ segments, targetDuration_s }: ParsedMedia): ReadonlyArray<string> => {
  let age_s = 0
  for (const segment of segments.toReversed()) {
    if (age_s < 3 * targetDuration_s && segment.parts.length === 0 && !segment.gap) return [`segment ${segment.msn} lists no parts, ${age_s} s from the end (4.4.4.9)`]
    age_s += segment.duration_s ?? segment.parts.reduce((total, part) => total + part.duration_s, 0)
  }
  return []
}

const checkTruth = ({ segments }: ParsedMedia, truth: MediaTruth): ReadonlyArray<string> =>
  segments.flatMap(({ parts }) => parts).flatMap((part) =>
    truth.independent(part.uri) === part.independent || part.gap ? [] : [`${part.uri} says INDEPENDENT=${part.independent ? 'YES' : 'NO'}, which is not true (4.4.4.9)`])

const shortParts = ({ segments, partTarget_s = 0 }: ParsedMedia): number =>
  segments.reduce((count, { parts, uri }) => {
    const counted = uri === undefined ? parts : parts.slice(0, -1)
    return count + counted.filter(({ duration_s }) => duration_s < 0.85 * partTarget_s).length
  }, 0)

/** Checks that one revision of a media playlist may follow another (RFC 8216bis 6.2.1, 6.2.2). */
export const checkSuccession = (earlier: string, later: string): ReadonlyArray<string> => {
  const [a, b] = [parseMedia(earlier), parseMedia(later)]
  const broken: Array<string> = []
  if (b.mediaSequence < a.mediaSequence) broken.push(`media sequence went back from ${a.mediaSequence} to ${b.mediaSequence} (6.2.2)`)
  if (b.discontinuitySequence < a.discontinuitySequence) broken.push('discontinuity sequence went back (6.2.2)')
  if (b.targetDuration_s !== a.targetDuration_s || b.partTarget_s !== a.partTarget_s) broken.push('a target duration changed (6.2.1)')
  if (a.ended && earlier !== later) broken.push('something changed after EXT-X-ENDLIST (6.2.1)')
  if (endOf(b) < endOf(a)) broken.push('the playlist lost its end (6.2.1)')
  for (const before of a.segments) {
    const after = b.segments.find(({ msn }) => msn === before.msn)
    if (after) broken.push(...checkSame(before, after))
  }
  for (const loss of a.losses) {
    const same = b.losses.find(({ id }) => id === loss.id)
    if (same !== undefined && JSON.stringify(same) !== JSON.stringify(loss)) broken.push(`the date range ${loss.id} changed (4.4.5.1)`)
  }
  return broken
}

const endOf = ({ segments }: ParsedMedia): number => {
  const last = segments.at(-1)
  return last ? last.msn * 10_000 + (last.uri === undefined ? last.parts.length : 9_999) : -1
}

const checkSame = (before: ListedSegment, after: ListedSegment): ReadonlyArray<string> => {
  const broken: Array<string> = []
  const changed = (what: string): number => broken.push(`${what} of segment ${before.msn} changed (6.2.1)`)
  if (before.uri !== undefined && (before.uri !== after.uri || before.duration_s !== after.duration_s)) changed('URI or duration')
  if (before.map !== after.map) changed('EXT-X-MAP')
  if (before.programDateTime_ms !== after.programDateTime_ms) changed('program date-time')
  if (before.discontinuity !== after.discontinuity) changed('discontinuity sequence')
  before.parts.forEach((part, index) => {
    const same = after.parts[index]
    if (after.parts.length > 0 && JSON.stringify(same) !== JSON.stringify(part)) changed(`part ${index}`)
  })
  return broken
}

/** Checks that a delta update says the same as the full playlist of that revision (RFC 8216bis 6.2.5.1). */
export const checkDelta = (full: string, delta: string): ReadonlyArray<string> => {
  const [whole, short] = [parseMedia(full), parseMedia(delta)]
  if (short.skipped === 0) return full === delta ? [] : ['a delta update that skips nothing differs from the full playlist']
  const kept = whole.segments.slice(short.skipped)
  const firstDiscontinuity = kept[0]?.discontinuity ?? 0
  // In a delta update alone, the discontinuities of what it skipped are not counted.
  const shift = firstDiscontinuity - (short.segments[0]?.discontinuity ?? 0)
  const seen = short.segments.map((segment) => ({ ...segment, discontinuity: segment.discontinuity + shift }))
  const broken: Array<string> = []
  if (JSON.stringify(seen) !== JSON.stringify(kept)) broken.push('a delta update lists other segments than the full playlist')
  if (JSON.stringify(short.losses) !== JSON.stringify(whole.losses)) broken.push('a delta update names other losses than the full playlist (6.2.5.1)')
  if (short.mediaSequence !== whole.mediaSequence || short.preloadHint !== whole.preloadHint) broken.push('a delta update has another media sequence or preload hint')
  return broken
}

/** Checks the answer to a blocking request: it holds what was asked for, and is exactly that prefix (RFC 8216bis 6.2.5.2). */
export const checkBlockingAnswer = (text: string, wanted: { readonly msn: number; readonly part: number | undefined }): ReadonlyArray<string> => {
  const playlist = parseMedia(text)
  if (playlist.ended) return []
  const asked = playlist.segments.find(({ msn }) => msn === wanted.msn)
  if (asked === undefined) return playlist.mediaSequence > wanted.msn ? [] : [`segment ${wanted.msn} is not in the answer`]
  if (wanted.part === undefined) return asked.uri === undefined ? [`segment ${wanted.msn} is not whole in the answer`] : []
  const last = playlist.segments.at(-1)
  if (asked.uri !== undefined) return last && last.msn === wanted.msn + 1 && last.parts.length === 1 ? [] : [`the answer goes beyond part ${wanted.part} of segment ${wanted.msn}`]
  return asked.parts.length === wanted.part + 1 ? [] : [`the answer lists ${asked.parts.length} parts of segment ${wanted.msn}, asked for ${wanted.part}`]
}
