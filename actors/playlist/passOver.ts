import { TrackKind } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { RenditionCheckpoint } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { Fragment } from '../../proto/gen/millrace/v1/media_pb.js'
import type { LiveWindow, Place, RenditionWindow } from './liveWindow.ts'
import { describedIn, startIn, type Step } from './windowParts.ts'

/**
 * Finds frames that are missing before this record, by the count in its checkpoint, and passes over the segments that
 * lack them. All of it follows from the records that are there, so every edge lists the same. `here` are the record's
 * own fragments.
 */
export const findLosses = (step: Step, here: ReadonlyArray<Fragment>): void => {
  for (const described of step.checkpoint.renditions) {
    const own = here.filter((fragment) => fragment.rendition === described.name)
    const rendition = step.window.renditions.get(described.name)
    const lost = lostBefore(step, rendition, described, own)
    if (rendition === undefined || lost === 0) continue
    const first = own[0]
    const place = first ?? described
    const isWithin = first === undefined ? hasBegun(described) : first.part > 0 || isLate(step, described, first)
    loseFrames(step, rendition, place, isWithin ? place.msn : place.msn - 1, lost)
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

/** Says that `frames` frames are gone before `place`, and passes over the segments up to `through`. */
export const loseFrames = ({ window, facts, problems }: Step, rendition: RenditionWindow, { msn, part }: Place, through: number, frames: number): void => {
  problems.push({ _tag: 'FramesLost', seq: facts.seq, rendition: rendition.name, msn, part, frames })
  passOver(window, through)
}

/**
 * Lists nothing more of segments up to `through`, in any rendition: players stand still at gaps and at holes, so that
 * segments end early instead, and the next ones come behind a discontinuity. What was listed stays listed; so a segment
 * that any rendition has begun to list is passed over with the others.
 */
export const passOver = (window: LiveWindow, through: number): void => {
  const renditions = [...window.renditions.values()]
  const listed = Math.max(-1, ...renditions.map(({ newest }) => newest?.msn ?? -1))
  const last = Math.max(through, listed)
  if (last <= window.lostThrough) return
  // Fragments of an open part are not listed yet, but viewers have them.
  const told = renditions.map(({ open }) => open?.segment.msn ?? -1).filter((msn) => msn <= last)
  const isNew = Math.max(listed, ...told) > window.lostThrough
  window.lostThrough = last
  if (isNew) window.losses += 1
  for (const rendition of renditions) endBefore(rendition, last, isNew)
}

const endBefore = (rendition: RenditionWindow, last: number, isNew: boolean): void => {
  const { open, newest, segments } = rendition
  if (open !== undefined && open.segment.msn > last) {
    // Nothing of it is listed yet.
    if (isNew) Object.assign(open.segment, { discontinuities: open.segment.discontinuities + 1, behindLoss: true })
    return
  }
  if (open !== undefined) {
    open.segment.parts.pop()
    if (open.segment.parts.length === 0) segments.delete(open.segment.msn)
    rendition.open = undefined
  }
  const before = newest && segments.get(newest.msn)
  if (before !== undefined) before.closed = true
  rendition.behindLoss = true
}

const hasBegun = ({ part, nextDts, segmentStart }: RenditionCheckpoint): boolean => part > 0 || nextDts > segmentStart

/** Whether the first fragment of a segment begins later than the segment by a frame or more. Audio begins less than a frame after video does. */
const isLate = (step: Step, described: RenditionCheckpoint, { msn, start, duration, frames }: Fragment): boolean => {
  const begin = startIn(step, described, msn)
  const frame = frames > 0 ? Number(duration) / frames : 0
  return begin !== undefined && Number(start) - begin > frame * (described.kind === TrackKind.AUDIO ? 0.999 : 0.5)
}

/** Remembers what this record's checkpoint counts. */
export const countFrames = (step: Step): void => {
  for (const rendition of step.window.renditions.values()) {
    const described = describedIn(step, rendition.name)
    if (described !== undefined) rendition.frames = Number(described.frames)
  }
}
