import { Result } from 'effect'
import type { Fragment } from '../../../proto/gen/millrace/v1/media_pb.js'
import type { SegmentClosed } from '../../../proto/gen/millrace/v1/segment_pb.js'
import { crc32c } from '../../../runtime/checksum.ts'
import { BoxSplitter } from '../../fmp4/boxes.ts'
import { readFragment } from '../../fmp4/readFragment.ts'
import type { Sample } from '../../fmp4/sample.ts'
import { PART_FLOOR, SEGMENT_MS_MAX } from '../limits.ts'
import type { Packager } from '../packager.ts'

const MICROSECONDS = 1_000_000
const OVERLAP_SECONDS_MAX = 0.1
/** RFC 8216bis 4.4.3.1: EXTINF, rounded, is not above EXT-X-TARGETDURATION. */
const SEGMENT_SECONDS_MAX = SEGMENT_MS_MAX / 1_000

/** What the rules are about: a log's fragments in order, and the packager as each record's checkpoint has it. */
export interface RuledRecord {
  readonly seq: number
  readonly body: { readonly inits: ReadonlyArray<{ readonly rendition: string }>; readonly fragments: ReadonlyArray<Fragment> }
  readonly packager: Packager
}

/** A run of fragments of one rendition: a part or a segment. Times in ticks. */
export interface Span {
  readonly msn: number
  readonly part: number
  readonly start: number
  readonly duration: number
  readonly frames: number
  readonly bytes: number
  readonly independent: boolean
  readonly firstSeq: number
  readonly lastSeq: number
}

interface Placed {
  readonly seq: number
  readonly fragment: Fragment
}

/** Names of the renditions in a log. */
export const renditionNames = (log: ReadonlyArray<RuledRecord>): ReadonlyArray<string> => [...new Set(log.flatMap(({ body }) => body.fragments.map(({ rendition }) => rendition)))]

const fragmentsOf = (log: ReadonlyArray<RuledRecord>, rendition: string): ReadonlyArray<Placed> =>
  log.flatMap(({ seq, body }) => body.fragments.filter((fragment) => fragment.rendition === rendition).map((fragment) => ({ seq, fragment })))

/** The samples that a player would read of a rendition; fails on a fragment whose checksum is wrong. */
export const samplesIn = (log: ReadonlyArray<RuledRecord>, rendition: string): ReadonlyArray<Sample> =>
  fragmentsOf(log, rendition).flatMap(({ fragment }) => {
    if (crc32c(fragment.data) !== fragment.crc32c) throw new Error('a fragment does not match its checksum')
    const [moof, mdat] = new BoxSplitter().push(fragment.data).boxes
    if (moof === undefined || mdat === undefined) throw new Error('a fragment is moof and mdat')
    return Result.getOrThrow(readFragment(moof, mdat))
  })

const joined = (placed: ReadonlyArray<Placed>, same: (a: Fragment, b: Fragment) => boolean): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  let last: Fragment | undefined
  for (const { seq, fragment } of placed) {
    const open = last !== undefined && same(last, fragment) ? spans.pop() : undefined
    const { msn, part, independent } = fragment
    const before = open ?? { msn, part, independent, start: Number(fragment.start), duration: 0, frames: 0, bytes: 0, firstSeq: seq }
    spans.push({ ...before, duration: before.duration + Number(fragment.duration), frames: before.frames + fragment.frames, bytes: before.bytes + fragment.data.byteLength, lastSeq: seq })
    last = fragment
  }
  return spans
}

/** Parts of a rendition, in order. */
export const partsIn = (log: ReadonlyArray<RuledRecord>, rendition: string): ReadonlyArray<Span> =>
  joined(fragmentsOf(log, rendition), (a, b) => a.msn === b.msn && a.part === b.part)

/** Segments of a rendition, in order. */
export const segmentsIn = (log: ReadonlyArray<RuledRecord>, rendition: string): ReadonlyArray<Span> => joined(fragmentsOf(log, rendition), (a, b) => a.msn === b.msn)

const timescaleOf = (log: ReadonlyArray<RuledRecord>, rendition: string): number => log.at(-1)?.packager.tracks.find(({ name }) => name === rendition)?.init.info.timescale ?? 0

/** Numbers never skip nor go back, and a mark that something has ended is true. */
export const brokenNumbers = (log: ReadonlyArray<RuledRecord>): ReadonlyArray<string> =>
  renditionNames(log).flatMap((rendition) =>
    fragmentsOf(log, rendition).flatMap(({ seq, fragment }, i, all) => {
      const next = all[i + 1]?.fragment
      const at = `${rendition} ${fragment.msn}.${fragment.part} at ${seq}`
      if (fragment.closesSegment && !fragment.closesPart) return [`${at} ends a segment but no part`]
      if (next === undefined) return []
      const goesOn = next.msn === fragment.msn && next.part === fragment.part
      const nextPart = next.msn === fragment.msn && next.part === fragment.part + 1
      const nextSegment = next.msn === fragment.msn + 1 && next.part === 0
      const allowed = fragment.closesSegment ? nextSegment : fragment.closesPart ? nextPart || nextSegment : goesOn || nextPart || nextSegment
      return allowed ? [] : [`${at} is followed by ${next.msn}.${next.part}`]
    })
  )

/** Time does not go back; where another run of FFmpeg begins, a last frame whose length was guessed may overlap a little. */
export const brokenTimes = (log: ReadonlyArray<RuledRecord>): ReadonlyArray<string> =>
  renditionNames(log).flatMap((rendition) => {
    const timescale = timescaleOf(log, rendition)
    return fragmentsOf(log, rendition).flatMap(({ seq, fragment }, i, all) => {
      const before = all[i - 1]?.fragment
      const end = before === undefined ? fragment.start : before.start + before.duration
      return Number(fragment.start - end) / timescale < -OVERLAP_SECONDS_MAX ? [`${rendition} at ${seq} begins at ${fragment.start}, before ${end}`] : []
    })
  })

/**
 * Parts keep to the target and segments to the maximum, where one frame alone is not too long. Short parts are
 * counted; whether one ends its segment may not be known yet when it is.
 */
export const brokenLengths = (log: ReadonlyArray<RuledRecord>): ReadonlyArray<string> => {
  const last = log.at(-1)
  if (last === undefined) return []
  const target = last.packager.partTarget_us
  let [short, shortAtEnd] = [0, 0]
  const broken = renditionNames(log).flatMap((rendition) => {
    const timescale = timescaleOf(log, rendition)
    const parts = partsIn(log, rendition)
    const long = parts.filter((part) => part.frames > 1 && (part.duration * MICROSECONDS) / timescale > target)
    const tooShort = parts.filter((part) => (part.duration * MICROSECONDS) / timescale < target * PART_FLOOR)
    const inside = tooShort.filter(({ msn, part }) => parts.some((other) => other.msn === msn && other.part > part)).length
    short += inside
    shortAtEnd += tooShort.length - inside
    const endless = segmentsIn(log, rendition).filter((segment) => segment.frames > 1 && Math.round(segment.duration / timescale) > SEGMENT_SECONDS_MAX)
    return [...long.map(({ msn, part, duration }) => `${rendition} ${msn}.${part} lasts ${duration}`), ...endless.map(({ msn, duration }) => `${rendition} ${msn} lasts ${duration}`)]
  })
  const counted = last.packager.shortParts
  return counted >= short && counted <= short + shortAtEnd ? broken : [...broken, `${short} short parts, ${counted} counted`]
}

/** The live window only moves on, to records where a reader can begin: they open its first segment, with all init segments. */
export const brokenWindow = (log: ReadonlyArray<RuledRecord>): ReadonlyArray<string> => {
  const names = renditionNames(log)
  let opened = -1
  const openers = new Map<number, RuledRecord>()
  return log.flatMap((record, i) => {
    const before = log[i - 1]?.packager.windowStartMsn ?? 0
    const { windowStartMsn, segmentation } = record.packager
    const newest = Math.max(opened, ...record.body.fragments.map(({ msn }) => msn))
    for (let msn = opened + 1; msn <= newest; msn += 1) openers.set(msn, record)
    opened = newest
    const seq = segmentation.starts[0]?.firstSeq === 0 ? record.seq : segmentation.starts[0]?.firstSeq
    const opener = openers.get(windowStartMsn)
    if (windowStartMsn < before) return [`the window goes back at ${record.seq}`]
    if (segmentation.firstMsn !== windowStartMsn) return [`starts are known from ${segmentation.firstMsn}, the window begins with ${windowStartMsn}`]
    if (opener === undefined || opener.seq !== seq) return [`segment ${windowStartMsn} was opened at ${opener?.seq}, not at ${seq}`]
    const miscited = segmentation.starts.flatMap(({ firstSeq }, i) => (firstSeq === 0 || firstSeq === openers.get(windowStartMsn + i)?.seq ? [] : [`segment ${windowStartMsn + i} was not opened at ${firstSeq}`]))
    if (miscited.length > 0) return miscited
    const lacking = names.filter((name) => !opener.body.inits.some(({ rendition }) => rendition === name))
    return lacking.map((name) => `record ${opener.seq} lacks the init segment of ${name}`)
  })
}

/** Each segment is announced once, with what the log holds of it. */
export const brokenAnnouncements = (log: ReadonlyArray<RuledRecord>, announced: ReadonlyArray<SegmentClosed>): ReadonlyArray<string> => {
  const found = renditionNames(log).flatMap((rendition) => segmentsIn(log, rendition).map((segment) => facts(rendition, segment)))
  const said = announced.map((closed) =>
    facts(closed.rendition, { ...closed, start: Number(closed.start), duration: Number(closed.duration), bytes: Number(closed.bytes), firstSeq: Number(closed.firstSeq), lastSeq: Number(closed.lastSeq) })
  )
  return [...found.filter((one) => !said.includes(one)).map((one) => `not announced: ${one}`), ...said.filter((one, i) => !found.includes(one) || said.indexOf(one) !== i).map((one) => `not so: ${one}`)]
}

const facts = (rendition: string, { msn, start, duration, frames, bytes, firstSeq }: Omit<Span, 'part' | 'independent' | 'lastSeq'> & { readonly lastSeq: number }): string =>
  `${rendition} ${msn}: ${frames} frames, ${bytes} bytes, ${start}+${duration}, from ${firstSeq}`
