import { fromBinary } from '@bufbuild/protobuf'
import type { Checkpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import { FragmentsSchema } from '../../proto/gen/millrace/v1/media_pb.js'
import type { Fragment, Fragments, MediaRecord, Piece } from '../../proto/gen/millrace/v1/media_pb.js'
import { crc32c } from '../../runtime/checksum.ts'
import { isRenditionName } from './mediaNames.ts'
import { PIECES_BYTES_MAX, PIECES_MAX, SEGMENTS_BEHIND_WINDOW } from './limits.ts'
import { dropBytes } from './liveWindow.ts'
import type { LiveWindow, Part, Place, RecordFacts, RenditionWindow, Report, Segment } from './liveWindow.ts'

/** Something in the log that must not be served as if it were whole. */
export type WindowProblem =
  | { readonly _tag: 'FragmentDamaged'; readonly seq: number; readonly rendition: string; readonly msn: number; readonly part: number }
  | { readonly _tag: 'FragmentMisplaced'; readonly seq: number; readonly rendition: string; readonly msn: number; readonly part: number }
  | { readonly _tag: 'PiecesIncomplete'; readonly seq: number; readonly reason: string }

/** What one record changed. */
export interface WindowChange {
  readonly completed: number
  readonly problems: ReadonlyArray<WindowProblem>
}

interface Step {
  readonly window: LiveWindow
  readonly checkpoint: Checkpoint
  readonly facts: RecordFacts
  readonly problems: Array<WindowProblem>
  /** First record that holds bytes of what is applied: that of the first piece, where there are pieces. */
  readonly firstSeq: number
  completed: number
}

const NOTHING: WindowChange = { completed: 0, problems: [] }

/**
 * Folds the MEDIA record with sequence `seq` into the window, in place. Records are given once each and in order; one
 * that was seen before changes nothing. Copies each media byte once, when its part becomes whole, so that no part
 * holds on to a whole network buffer.
 */
export const applyRecord = (window: LiveWindow, seq: number, record: MediaRecord): WindowChange => {
  if (seq <= window.seq || record.checkpoint === undefined) return NOTHING
  window.seq = seq
  const checkpoint = record.checkpoint
  const facts: RecordFacts = { seq, windowStartMsn: checkpoint.windowStartMsn, reports: [] }
  const problems: Array<WindowProblem> = []
  const step: Step = { window, checkpoint, facts, problems, firstSeq: seq, completed: 0 }
  const { body } = record
  // What a dead owner left by half is no problem: its successor writes it again.
  if (body.case === 'takeOver') window.pieces = undefined
  if (body.case !== 'piece') dropPieces(step, `a ${body.case ?? 'record without body'} came between`)
  if (body.case === 'fragments') applyFragments(step, body.value)
  if (body.case === 'piece') applyPiece(step, body.value)
  if (body.case === 'takeOver') closeParts(step, undefined)
  if (body.case === 'discontinuity') closeParts(step, body.value.msn)
  if (body.case === 'end') closeStream(step)
  describe(step)
  return step.completed === 0 && problems.length === 0 ? NOTHING : { completed: step.completed, problems }
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

const applyPiece = (step: Step, { piece, pieces, data }: Piece): void => {
  const { window, facts } = step
  if (piece === 0) {
    dropPieces(step, 'another record began')
    window.pieces = { firstSeq: facts.seq, pieces, data: [], bytes: 0 }
  }
  const pending = window.pieces
  // A late reader may begin in the middle of a record that it does not need.
  if (pending === undefined) return
  const bytes = pending.bytes + data.byteLength
  if (piece !== pending.data.length || pieces !== pending.pieces || pieces > PIECES_MAX || bytes > PIECES_BYTES_MAX) {
    return dropPieces(step, `piece ${piece} of ${pieces} after ${pending.data.length} of ${pending.pieces}, ${bytes} bytes`)
  }
  pending.data.push(data)
  pending.bytes = bytes
  if (piece < pieces - 1) return
  window.pieces = undefined
  const fragments = decodeFragments(pending.data)
  if (fragments === undefined) step.problems.push({ _tag: 'PiecesIncomplete', seq: facts.seq, reason: 'what the pieces make is no Fragments message' })
  else {
    const whole = { ...step, firstSeq: pending.firstSeq }
    applyFragments(whole, fragments)
    step.completed = whole.completed
  }
}

const decodeFragments = (data: ReadonlyArray<Uint8Array>): Fragments | undefined => {
  try {
    return fromBinary(FragmentsSchema, joined(data))
  } catch {
    return undefined
  }
}

const applyFragments = (step: Step, { inits, fragments }: Fragments): void => {
  for (const init of inits) {
    if (isRenditionName(init.rendition)) renditionOf(step.window, init.rendition, init.kind).inits.set(init.number, init)
  }
  for (const fragment of fragments) applyFragment(step, fragment)
}

const renditionOf = (window: LiveWindow, name: string, kind: RenditionWindow['kind']): RenditionWindow => {
  const known = window.renditions.get(name)
  if (known) return known
  const rendition: RenditionWindow = { name, kind, segments: new Map(), inits: new Map(), open: undefined, newest: undefined }
  window.renditions.set(name, rendition)
  return rendition
}

const applyFragment = (step: Step, fragment: Fragment): void => {
  const { window, checkpoint } = step
  const place: Place = { msn: fragment.msn, part: fragment.part }
  if (place.msn < window.knownFrom) return
  const described = checkpoint.renditions.find(({ name }) => name === fragment.rendition)
  if (described === undefined || !isRenditionName(fragment.rendition)) return misplaced(step, fragment)
  const rendition = renditionOf(window, fragment.rendition, described.kind)
  if (rendition.open && !isAt(rendition.open, place)) completeOpen(step, rendition, place)
  const open = rendition.open ?? begin(step, rendition, place, fragment)
  if (open === undefined) return misplaced(step, fragment)
  addFragment(step, open.segment, open.part, fragment)
  if (fragment.closesSegment) completeOpen(step, rendition, { msn: place.msn + 1, part: 0 })
  else if (fragment.closesPart) completeOpen(step, rendition, { msn: place.msn, part: place.part + 1 })
}

const misplaced = (step: Step, { rendition, msn, part }: Fragment): void => {
  step.problems.push({ _tag: 'FragmentMisplaced', seq: step.facts.seq, rendition, msn, part })
}

const isAt = ({ segment, part }: { segment: Segment; part: Part }, place: Place): boolean => segment.msn === place.msn && part.index === place.part

// Opens the part at `place`, and its segment where it is the first; undefined where nothing may begin.
const begin = (step: Step, rendition: RenditionWindow, place: Place, fragment: Fragment): RenditionWindow['open'] => {
  const known = rendition.segments.get(place.msn)
  const newest = rendition.newest
  if (newest && (place.msn < newest.msn || known?.closed)) return undefined
  if (place.part !== (known?.parts.length ?? 0)) return undefined
  const before = newest && newest.msn < place.msn ? rendition.segments.get(newest.msn) : undefined
  if (before) before.closed = true
  const segment = known ?? openSegment(step, rendition, fragment)
  const part: Part = {
    index: place.part,
    start: Number(fragment.start),
    duration: 0,
    independent: fragment.independent,
    frames: 0,
    firstSeq: step.firstSeq,
    lastSeq: step.facts.seq,
    bytes: 0,
    damaged: false,
    fragments: [],
    data: undefined,
    completion: undefined
  }
  segment.parts.push(part)
  rendition.open = { segment, part }
  return rendition.open
}

const openSegment = ({ checkpoint }: Step, rendition: RenditionWindow, fragment: Fragment): Segment => {
  const described = checkpoint.renditions.find(({ name }) => name === rendition.name)
  const timescale = described?.timescale ?? 0
  const ticks90k = (Number(fragment.start) * 90_000) / timescale
  const segment: Segment = {
    msn: fragment.msn,
    timescale,
    init: described?.init ?? 0,
    discontinuities: checkpoint.discontinuities,
    programDateTime_ms: Number(checkpoint.anchorWallMs) + (ticks90k - Number(checkpoint.anchorTicks)) / 90,
    parts: [],
    closed: false
  }
  rendition.segments.set(segment.msn, segment)
  return segment
}

const addFragment = (step: Step, segment: Segment, part: Part, fragment: Fragment): void => {
  if (crc32c(fragment.data) !== fragment.crc32c) {
    part.damaged = true
    step.problems.push({ _tag: 'FragmentDamaged', seq: step.facts.seq, rendition: fragment.rendition, msn: segment.msn, part: part.index })
  }
  part.duration += Number(fragment.duration)
  part.frames += fragment.frames
  part.bytes += fragment.data.byteLength
  part.lastSeq = step.facts.seq
  part.fragments.push(fragment.data)
}

const completeOpen = (step: Step, rendition: RenditionWindow, next: Place): void => {
  const open = rendition.open
  if (open === undefined) return
  const { segment, part } = open
  const data = joined(part.fragments)
  let at = 0
  part.fragments = part.fragments.map(({ byteLength }) => data.subarray(at, (at += byteLength)))
  part.data = data
  part.completion = { at: step.facts, next }
  if (next.msn > segment.msn) segment.closed = true
  step.window.bytes += data.byteLength
  step.completed += 1
  rendition.newest = { msn: segment.msn, part: part.index }
  rendition.open = undefined
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

const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
