import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { afterGap, isSeeking, type RandomAccessPoint, resumePrefix } from '../source/sourceIndex.ts'
import { type Lost, noteLoss } from './losses.ts'
import { enqueueDiscontinuity, enqueueMark } from './publishing.ts'
import { leaveRun, newRun } from './runs.ts'
import type { Next } from './streamState.ts'
import type { Turn } from './Turn.ts'

/**
 * Chunks are missing or damaged. What came before is published; the stream goes on at the next random-access point, or,
 * where the header itself is lost, with the next epoch: then nothing before `ingestSeq` is needed.
 */
export const lose = (turn: Turn, lost: Lost, ingestSeq: number): void => {
  const { source } = turn.state
  if (source === undefined) return
  const index = afterGap(source.index)
  if (index === undefined) {
    noteLoss(turn, { ...lost, kind: LossKind.HEADER, reason: `${lost.reason}, and with it the header of the source: nothing can be read before it begins anew` })
    return leaveRun(turn, { _tag: 'Unreadable', ingestSeq })
  }
  noteLoss(turn, lost)
  turn.setSource({ index })
  if (!isSeeking(source.index)) leaveRun(turn, { _tag: 'Seek', leap: false })
}

/** The run before is over; the next one begins where the source index finds a place to go on. */
export const beginSeeking = (turn: Turn, next: Next & { readonly _tag: 'Seek' }): void => {
  turn.set({ run: newRun(turn) })
  if (next.leap) turn.setSource({ offsetKnown: false })
}

/** Nothing of the epoch can be read any more: it is passed over. */
export const beginUnreadable = (turn: Turn, { ingestSeq }: Next & { readonly _tag: 'Unreadable' }): void => {
  turn.set({ run: newRun(turn, { phase: 'Over' }), items: [], resume: { _tag: 'Start', ingestSeq } })
  turn.setSource({ unreadable: true, offsetKnown: false })
  const { reason } = turn.state.losses.at(-1) ?? { reason: '' }
  if (turn.state.packager.tracks.some(({ lastPts }) => lastPts >= 0)) enqueueDiscontinuity(turn, reason)
  else enqueueMark(turn, reason)
}

/** The source index has found a place to go on. */
export const onFound = (turn: Turn, at: RandomAccessPoint, frames: number): void => {
  const { source } = turn.state
  if (source?.header === undefined) return
  if (turn.state.missing.length === 0 && frames > 0) {
    noteLoss(turn, { kind: LossKind.LEAP, firstSeq: source.reading, endSeq: source.reading, reason: `the time of the source leapt, and ${frames} frames came before the next keyframe` })
  }
  turn.setRun({ gathered: [resumePrefix(source.container, source.header, at)], points: [at], found: { frames } })
}
