import { fromBinary } from '@bufbuild/protobuf'
import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { Checkpoint, RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { FragmentsSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { Fragment, Fragments, MediaRecord, Piece } from '../../proto/gen/millrace/v1/media_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import { isRenditionName } from './mediaNames.ts'
import { LEAP_SEGMENTS_MAX, PIECES_BYTES_MAX, PIECES_MAX, SEGMENTS_BEHIND_WINDOW, WINDOW_SEGMENTS_MAX } from './limits.ts'
import { dropBytes } from './liveWindow.ts'
import type { LiveWindow, OpenPart, Place, PlacedFragment, RecordFacts, RenditionWindow, Report } from './liveWindow.ts'
import { countFrames, findLosses, loseFrames, passOver } from './passOver.ts'
import { completeOpen, describedIn, joined, openPart, putSegment, type Step } from './windowParts.ts'
import type { WindowProblem } from './windowProblem.ts'

/** What one record changed. */
export interface WindowChange {
  /** Parts that became whole. */
  readonly completed: number
  /** Fragments of the record that are in the window now, in its order. */
  readonly added: ReadonlyArray<PlacedFragment>
  readonly problems: ReadonlyArray<WindowProblem>
}

const NOTHING: WindowChange = { completed: 0, added: [], problems: [] }

/**
 * Folds the MEDIA record with sequence `seq` into the window, in place. Records are given once each and in order; one
 * that was seen before changes nothing. Copies each media byte once, when its part becomes whole, so that no part
 * holds on to a whole network buffer.
 */
export const applyRecord = (window: LiveWindow, seq: number, record: MediaRecord): WindowChange => {
  if (seq <= window.seq || record.checkpoint === undefined) return NOTHING
  const isFirst = window.seq === 0
  const beginsInGap = isFirst && window.startSeq > 0 && seq > window.startSeq
  window.seq = seq
  const checkpoint = record.checkpoint
  const implausible = contradiction(window, checkpoint)
  if (implausible !== undefined) return { ...NOTHING, problems: [{ _tag: 'CheckpointImplausible', seq, reason: implausible }] }
  const facts: RecordFacts = { seq, windowStartMsn: checkpoint.windowStartMsn, reports: [] }
  const problems: Array<WindowProblem> = []
  const { body } = record
  const step: Step = { window, checkpoint, facts, problems, added: [], firstSeq: seq, isFirst, beginsInGap, completed: 0 }
  // What a dead owner left by half is no problem: its successor writes it again.
  if (body.case === 'takeOver') window.pieces = undefined
  if (body.case !== 'piece') dropPieces(step, `a ${body.case ?? 'record without body'} came between`)
  const whole = body.case === 'fragments' ? { firstSeq: seq, fragments: body.value } : body.case === 'piece' ? takePiece(step, body.value) : undefined
  const completed = applyFragments(whole === undefined ? step : { ...step, firstSeq: whole.firstSeq }, whole?.fragments)
  step.completed = completed
  if (body.case === 'takeOver') closeParts(step, undefined)
  if (body.case === 'discontinuity') closeParts(step, body.value.msn)
  if (body.case === 'end') closeStream(step)
  countFrames(step)
  describe(step)
  return { completed: step.completed, added: step.added.filter(isKept), problems }
}

// A checkpoint that was damaged within what still can be read would throw the window out of place for good.
const contradiction = ({ seq, windowStartMsn, renditions, discontinuities }: LiveWindow, checkpoint: Checkpoint): string | undefined => {
  const newest = Math.max(checkpoint.windowStartMsn, ...checkpoint.renditions.map(({ msn }) => msn))
  const known = Math.max(windowStartMsn, ...[...renditions.values()].map((rendition) => rendition.newest?.msn ?? 0))
  if (checkpoint.renditions.some(({ timescale }) => timescale === 0)) return 'a rendition without a time scale'
  if (newest - checkpoint.windowStartMsn > WINDOW_SEGMENTS_MAX) return `a window from segment ${checkpoint.windowStartMsn} to ${newest}`
  if (renditions.size === 0) return undefined
  if (checkpoint.discontinuities - discontinuities > LEAP_SEGMENTS_MAX) return `${checkpoint.discontinuities} discontinuities after ${discontinuities} of record ${seq}`
  return newest - known > LEAP_SEGMENTS_MAX ? `segment ${newest} after ${known} of record ${seq}` : undefined
}

const describe = ({ window, checkpoint, facts }: Step): void => {
  window.described = checkpoint.renditions
  window.partTarget_us = checkpoint.partTargetUs
  window.discontinuities = checkpoint.discontinuities
  window.windowStartMsn = checkpoint.windowStartMsn
  facts.reports = reportsOf(window, facts.windowStartMsn)
  forgetBehind(window)
}

// A rendition whose newest part lies behind the window is left out: a reader that began at the window's start cannot know it.
const reportsOf = (window: LiveWindow, windowStartMsn: number): ReadonlyArray<Report> =>
  window.described.flatMap(({ name }) => {
    const newest = window.renditions.get(name)?.newest
    return newest && newest.msn >= windowStartMsn ? [{ rendition: name, ...newest }] : []
  })

const forgetBehind = (window: LiveWindow): void => {
  const from = window.windowStartMsn - SEGMENTS_BEHIND_WINDOW
  if (from <= window.knownFrom) return
  window.knownFrom = from
  for (const rendition of window.renditions.values()) forgetSegments(window, rendition, from)
}

const forgetSegments = (window: LiveWindow, rendition: RenditionWindow, from: number): void => {
  for (const segment of rendition.segments.values()) {
    if (segment.msn >= from || rendition.open?.segment === segment) continue
    dropBytes(window, segment)
    rendition.segments.delete(segment.msn)
  }
  const oldest = rendition.segments.values().next().value
  if (oldest === undefined) return
  for (const number of rendition.inits.keys()) if (number < oldest.init) rendition.inits.delete(number)
}

const dropPieces = (step: Step, reason: string): void => {
  if (step.window.pieces === undefined) return
  step.window.pieces = undefined
  step.problems.push({ _tag: 'PiecesIncomplete', seq: step.facts.seq, reason })
}

// What the pieces make, with the last of them.
const takePiece = (step: Step, { piece, pieces, data }: Piece): { readonly firstSeq: number; readonly fragments: Fragments } | undefined => {
  const { window, facts, checkpoint } = step
  if (piece === 0) {
    dropPieces(step, 'another record began')
    window.pieces = { firstSeq: facts.seq, pieces, before: checkpoint.renditions, data: [], bytes: 0 }
  }
  const pending = window.pieces
  // A late reader may begin in the middle of a record that it does not need.
  if (pending === undefined) return undefined
  const bytes = pending.bytes + data.byteLength
  if (piece !== pending.data.length || pieces !== pending.pieces || pieces > PIECES_MAX || bytes > PIECES_BYTES_MAX) {
    dropPieces(step, `piece ${piece} of ${pieces} after ${pending.data.length} of ${pending.pieces}, ${bytes} bytes`)
    return undefined
  }
  pending.data.push(data)
  pending.bytes = bytes
  if (piece < pieces - 1) return undefined
  window.pieces = undefined
  const fragments = decodeFragments(pending.data)
  if (fragments !== undefined && isCounted(fragments, pending.before, checkpoint.renditions)) return { firstSeq: pending.firstSeq, fragments }
  step.problems.push({ _tag: 'PiecesIncomplete', seq: facts.seq, reason: fragments === undefined ? 'what the pieces make is no Fragments message' : 'pieces of different records' })
  return undefined
}

/**
 * Whether no frame is missing that the checkpoints before and after the pieces count: where records are gone, the first
 * pieces of one and the last of another may fit.
 */
const isCounted = ({ fragments }: Fragments, before: ReadonlyArray<RenditionCheckpoint>, after: ReadonlyArray<RenditionCheckpoint>): boolean =>
  after.every(({ name, frames }) => {
    const own = fragments.filter(({ rendition }) => rendition === name).reduce((sum, fragment) => sum + fragment.frames, 0)
    return frames - (before.find((rendition) => rendition.name === name)?.frames ?? 0n) <= BigInt(own)
  })

const decodeFragments = (data: ReadonlyArray<Uint8Array>): Fragments | undefined => {
  try {
    return fromBinary(FragmentsSchema, joined(data))
  } catch {
    return undefined
  }
}

// How many parts are whole now.
const applyFragments = (step: Step, whole: Fragments | undefined): number => {
  for (const { name, kind } of step.checkpoint.renditions) if (isRenditionName(name)) renditionOf(step.window, name, kind)
  for (const init of whole?.inits ?? []) {
    // A copy: it is kept as long as segments refer to it, and must not hold on to the record that it came in.
    if (isRenditionName(init.rendition)) renditionOf(step.window, init.rendition, init.kind).inits.set(init.number, { ...init, data: init.data.slice() })
  }
  findLosses(step, whole?.fragments ?? [])
  for (const fragment of whole?.fragments ?? []) applyFragment(step, fragment)
  return step.completed
}

const renditionOf = (window: LiveWindow, name: string, kind: RenditionWindow['kind']): RenditionWindow => {
  const known = window.renditions.get(name)
  if (known) return known
  const rendition: RenditionWindow = { name, kind, segments: new Map(), inits: new Map(), open: undefined, newest: undefined, frames: undefined, behindLoss: false }
  window.renditions.set(name, rendition)
  return rendition
}

const applyFragment = (step: Step, fragment: Fragment): void => {
  const { window } = step
  const place: Place = { msn: fragment.msn, part: fragment.part }
  // Whoever knows the segment has passed over those that any rendition had begun behind it.
  if (place.msn < window.knownFrom) return isWhole(fragment) ? undefined : passOver(window, place.msn)
  const described = describedIn(step, fragment.rendition)
  if (described === undefined || !isRenditionName(fragment.rendition) || isBeyond(described, place)) return misplaced(step, fragment)
  if (place.msn <= window.lostThrough) return
  const rendition = renditionOf(window, fragment.rendition, described.kind)
  if (rendition.open && !isAt(rendition.open, place)) completeOpen(step, rendition, place)
  if (rendition.open === undefined && leapsOverParts(rendition, place)) return loseFrames(step, rendition, place, place.msn, 0)
  if (rendition.open === undefined && !mayBegin(rendition, place)) return misplaced(step, fragment)
  if (!isWhole(fragment)) return damaged(step, fragment)
  // Its pictures need those that are lost.
  if (rendition.behindLoss && described.kind === TrackKind.VIDEO && !fragment.independent) return passOver(window, place.msn)
  addFragment(step, rendition, rendition.open ?? begin(step, rendition, described, fragment), fragment)
  if (fragment.closesSegment) completeOpen(step, rendition, { msn: place.msn + 1, part: 0 })
  else if (fragment.closesPart) completeOpen(step, rendition, { msn: place.msn, part: place.part + 1 })
}

// What the record's later fragments have shown to be lost is passed over with its part.
const isKept = ({ segment, part }: PlacedFragment): boolean => segment.parts[part.index] === part

const isWhole = (fragment: Fragment): boolean => crc32c(fragment.data) === fragment.crc32c

const damaged = ({ window, facts, problems }: Step, { rendition, msn, part }: Fragment): void => {
  problems.push({ _tag: 'FragmentDamaged', seq: facts.seq, rendition, msn, part })
  passOver(window, msn)
}

const misplaced = (step: Step, { rendition, msn, part }: Fragment): void => {
  step.problems.push({ _tag: 'FragmentMisplaced', seq: step.facts.seq, rendition, msn, part })
}

const isAt = ({ segment, part }: OpenPart, place: Place): boolean => segment.msn === place.msn && part.index === place.part

const isBeyond = ({ msn, part }: RenditionCheckpoint, place: Place): boolean => place.msn > msn || (place.msn === msn && place.part > part)

const leapsOverParts = ({ segments, newest }: RenditionWindow, { msn, part }: Place): boolean => {
  const known = segments.get(msn)
  return part > (known?.parts.length ?? 0) && known?.closed !== true && (newest === undefined || newest.msn <= msn)
}

const mayBegin = ({ segments, newest }: RenditionWindow, { msn, part }: Place): boolean => {
  const known = segments.get(msn)
  return part === (known?.parts.length ?? 0) && (newest === undefined || (msn >= newest.msn && known?.closed !== true))
}

// Opens the part that a fragment begins, and its segment where it is the first.
const begin = (step: Step, rendition: RenditionWindow, described: RenditionCheckpoint, { msn, start, independent }: Fragment): OpenPart => {
  const { newest, segments } = rendition
  const before = newest && newest.msn < msn ? segments.get(newest.msn) : undefined
  if (before) before.closed = true
  const segment = segments.get(msn) ?? putSegment(step, rendition, described, msn, Number(start))
  return openPart(step, rendition, segment, Number(start), independent)
}

const addFragment = ({ facts, added }: Step, rendition: RenditionWindow, { segment, part }: OpenPart, fragment: Fragment): void => {
  part.duration += Number(fragment.duration)
  part.frames += fragment.frames
  part.bytes += fragment.data.byteLength
  part.lastSeq = facts.seq
  const one = { start: Number(fragment.start), duration: Number(fragment.duration), independent: fragment.independent, data: fragment.data }
  part.fragments.push(one)
  added.push({ rendition, segment, part, fragment: one })
}

// `nextMsn`: the segment that every rendition goes on with; undefined where the open segments stay open.
const closeParts = (step: Step, nextMsn: number | undefined): void => {
  for (const rendition of step.window.renditions.values()) {
    const { open, newest } = rendition
    if (open) completeOpen(step, rendition, nextMsn === undefined ? { msn: open.segment.msn, part: open.part.index + 1 } : { msn: nextMsn, part: 0 })
    const last = newest && rendition.segments.get(newest.msn)
    if (last && nextMsn !== undefined && nextMsn > last.msn) last.closed = true
  }
}

// A part that the end makes whole still has a revision of its own before the ended one: players that are told both at
// once skip that part.
const closeStream = (step: Step): void => {
  for (const rendition of step.window.renditions.values()) {
    if (rendition.open) completeOpen(step, rendition, { msn: rendition.open.segment.msn + 1, part: 0 })
    const last = rendition.newest && rendition.segments.get(rendition.newest.msn)
    if (last) last.closed = true
  }
  step.window.end = step.facts
}
