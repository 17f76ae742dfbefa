import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { Fragment } from '../../proto/gen/millrace/v1/media_pb.js'
import type { RenditionWindow, Segment } from './liveWindow.ts'
import { PARTS_LOST_MAX } from './limits.ts'
import { completeOpen, describedIn, openPart, putSegment, startIn, type Step } from './windowParts.ts'

/** Where a rendition goes on behind a loss. */
interface Landing {
  readonly msn: number
  readonly part: number
  /** Of the first frame that is there, or that is due next; ticks. */
  readonly start: number
}

/**
 * Finds frames that are missing before this record, by the count in its checkpoint, and puts gaps in their place: parts
 * and segments that are listed and never served. All of it follows from the records that are there, so every edge
 * lists the same. `here` are the record's own fragments.
 */
export const mendLosses = (step: Step, here: ReadonlyArray<Fragment>): void => {
  for (const described of step.checkpoint.renditions) {
    const own = here.filter((fragment) => fragment.rendition === described.name)
    const rendition = step.window.renditions.get(described.name)
    const lost = lostBefore(step, rendition, described, own)
    if (rendition === undefined || lost === 0) continue
    const first = own[0]
    if (first === undefined) mendUnseen(step, rendition, described, lost)
    else if (first.msn >= step.window.knownFrom) mendBefore(step, rendition, described, first, lost)
  }
}

/**
 * Frames that are gone before this record. What no checkpoint has counted yet begins with it, except in a window that
 * began in the middle of the stream; if that began in a gap, one frame is taken to be lost.
 */
const lostBefore = (step: Step, rendition: RenditionWindow | undefined, described: RenditionCheckpoint, own: ReadonlyArray<Fragment>): number => {
  if (step.isFirst && (step.window.startSeq > 0 || step.window.knownFrom > 0)) return step.beginsInGap && own.length > 0 ? 1 : 0
  return Math.max(0, Number(described.frames) - (rendition?.frames ?? 0) - own.reduce((frames, fragment) => frames + fragment.frames, 0))
}

/** Puts gaps before a fragment that begins, or goes on with, a part behind a loss of `lost` frames. */
export const mendBefore = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint, first: Fragment, lost: number): void => {
  report(step, rendition, first.msn, first.part, lost)
  mend(step, rendition, described, { msn: first.msn, part: first.part, start: Number(first.start) }, lost)
  if (first.part > 0 || isLate(step, described, first)) beginInGap(step, rendition, described, first)
}

/** The same where no frame behind the loss has come yet: the checkpoint says where it will. */
const mendUnseen = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint, lost: number): void => {
  report(step, rendition, described.msn, described.part, lost)
  mend(step, rendition, described, { msn: described.msn, part: described.part, start: Number(described.partStart) }, lost)
  openUnseen(step, rendition, described)
}

const report = (step: Step, rendition: RenditionWindow, msn: number, part: number, frames: number): void => {
  if (rendition.kind === TrackKind.VIDEO) rendition.broken = true
  step.problems.push({ _tag: 'FramesLost', seq: step.facts.seq, rendition: rendition.name, msn, part, frames })
}

const mend = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint, landing: Landing, lost: number): void => {
  const msn = rendition.open?.segment.msn ?? rendition.newest?.msn
  const segment = msn === undefined ? undefined : rendition.segments.get(msn)
  if (segment !== undefined && (segment.msn > landing.msn || (segment.msn === landing.msn && segment.closed))) return
  if (segment?.msn === landing.msn) return fill(step, rendition, segment, landing.part, landing.start)
  if (segment !== undefined && !segment.closed) mendTail(step, rendition, described, segment, lost)
  const from = Math.max((segment?.msn ?? step.window.knownFrom - 1) + 1, step.window.knownFrom, step.checkpoint.windowStartMsn)
  for (let gone = from; gone < landing.msn; gone += 1) {
    const [start, end] = [startIn(step, described, gone), startIn(step, described, gone + 1)]
    if (start !== undefined && end !== undefined && end > start) putSegment(step, rendition, described, gone, start, Math.round(end - start))
  }
  const start = startIn(step, described, landing.msn)
  if (landing.part > 0 && start !== undefined) fill(step, rendition, putSegment(step, rendition, described, landing.msn, start), landing.part, landing.start, start)
}

/** Whatever is left of a segment that did not end is a gap. */
const mendTail = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint, segment: Segment, lost: number): void => {
  const open = rendition.open?.part
  const end = startIn(step, described, segment.msn + 1) ?? rendition.due + lost * frameTicks(segment, rendition)
  const count = partsIn(step, end - (open?.start ?? rendition.due), segment.timescale)
  fill(step, rendition, segment, (open?.index ?? segment.parts.length) + Math.max(count, open === undefined ? 0 : 1), end)
  segment.closed = true
}

/** Parts before `until` that are gaps, the open one among them, share the time up to `end` evenly: none of them was longer than the target. */
const fill = (step: Step, rendition: RenditionWindow, segment: Segment, until: number, end: number, start = rendition.due): void => {
  const open = rendition.open?.segment === segment ? rendition.open.part : undefined
  const first = open?.index ?? segment.parts.length
  const begin = open?.start ?? start
  const count = Math.min(until - first, PARTS_LOST_MAX)
  // What more there is belongs to the part behind them.
  const time = Math.min(Math.max(0, end - begin), Math.max(count, 1) * (targetTicks(step, segment.timescale) ?? Number.POSITIVE_INFINITY))
  if (open !== undefined) open.damaged = true
  if (open !== undefined && count === 0) open.duration = Math.max(open.duration, time)
  for (let index = 0; index < count; index += 1) {
    const [from, to] = [begin + Math.floor((time * index) / count), begin + Math.floor((time * (index + 1)) / count)]
    const part = index === 0 && open !== undefined ? open : openPart(step, rendition, segment, from, false)
    part.damaged = true
    part.duration = to - from
    completeOpen(step, rendition, { msn: segment.msn, part: part.index + 1 })
  }
  if (count > 0) rendition.due = Math.max(rendition.due, begin + time)
}

const targetTicks = ({ checkpoint }: Step, timescale: number): number | undefined =>
  checkpoint.partTargetUs === 0 ? undefined : Math.floor((checkpoint.partTargetUs * timescale) / 1_000_000)

/** How many parts a run of time was, at least. */
const partsIn = (step: Step, ticks: number, timescale: number): number => {
  const target = targetTicks(step, timescale)
  return ticks > 0 && target !== undefined ? Math.ceil(ticks / target) : 0
}

const frameTicks = (segment: Segment, rendition: RenditionWindow): number => {
  const frames = segment.parts.reduce((sum, part) => sum + part.frames, 0)
  const first = segment.parts[0]
  return frames > 0 && first !== undefined ? (rendition.due - first.start) / frames : 0
}

/** Whether the first fragment of a segment begins later than the segment by a frame or more. Audio begins up to a frame after video does. */
const isLate = (step: Step, described: RenditionCheckpoint, { msn, start, duration, frames }: Fragment): boolean => {
  const begin = startIn(step, described, msn)
  const frame = frames > 0 ? Number(duration) / frames : 0
  return begin !== undefined && Number(start) - begin > frame * (described.kind === TrackKind.AUDIO ? 0.9 : 0.5)
}

/** The part that the record's first fragment belongs to may have begun before it, and then lacks frames. */
const beginInGap = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint, first: Fragment): void => {
  const isSoleBeginning = described.msn === first.msn && described.part === first.part && described.partStart === first.start
  if (isSoleBeginning || rendition.open !== undefined) return
  const known = rendition.segments.get(first.msn)
  if (known !== undefined && (known.closed || known.parts.length !== first.part)) return
  if (known === undefined && first.part > 0) return
  const begin = first.part > 0 ? rendition.due : (startIn(step, described, first.msn) ?? Number(first.start))
  const segment = known ?? putSegment(step, rendition, described, first.msn, begin)
  const part = openPart(step, rendition, segment, Math.min(begin, Number(first.start)), first.independent)
  part.damaged = true
  part.duration = Number(first.start) - part.start
}

/** Frames of the part that comes next, none of which was seen. */
const openUnseen = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint): void => {
  const duration = Number(described.nextDts - described.partStart)
  const known = rendition.segments.get(described.msn)
  if (rendition.open !== undefined) {
    if (rendition.open.segment.msn !== described.msn || rendition.open.part.index !== described.part) return
    rendition.open.part.damaged = true
    rendition.open.part.duration = Math.max(rendition.open.part.duration, duration)
  } else if (duration > 0 && known?.closed !== true && (known?.parts.length ?? 0) === described.part) {
    const segment = known ?? putSegment(step, rendition, described, described.msn, Number(described.segmentStart))
    const part = openPart(step, rendition, segment, Number(described.partStart), false)
    part.damaged = true
    part.duration = duration
  }
  rendition.due = Math.max(rendition.due, Number(described.nextDts))
}

/** Remembers what this record's checkpoint counts. */
export const countFrames = (step: Step): void => {
  for (const rendition of step.window.renditions.values()) {
    const described = describedIn(step, rendition.name)
    if (described !== undefined) rendition.frames = Number(described.frames)
  }
}
