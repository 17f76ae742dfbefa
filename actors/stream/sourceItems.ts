import { withFrame } from '../packager/partTarget.ts'
import { onAudioFrame, onVideoFrame } from '../packager/segmentation.ts'
import type { RandomAccessPoint, SourceItem } from '../source/sourceIndex.ts'
import { LossKind } from '../../proto/gen/millrace/v1/loss_pb.js'
import { lose, onFound } from './gaps.ts'
import { noteBegun } from './keepingUp.ts'
import { AUDIO_POINTS_APART_MS, POINTS_MAX, VIDEO_WAIT_MS, SILENCE_MS_MAX } from './limits.ts'
import { hasLost, noteLoss } from './losses.ts'
import { haveGone, type Pictures, withBytes, withPicture } from './pictures.ts'
import { fail, leaveRun, place, offsetTicks, startChild } from './runs.ts'
import type { Run } from './streamState.ts'
import type { Turn } from './Turn.ts'
import { followArrival, hasPaused, lagOf } from './wallClock.ts'

const TICKS_PER_MS = 90

/** Acts on one item of the source index, in byte order. */
export const takeItem = (turn: Turn, item: SourceItem): void => {
  switch (item._tag) {
    case 'Feed':
      return feed(turn, item.bytes)
    case 'Header':
      return turn.setSource({ header: item.bytes, tracks: item.tracks })
    case 'VideoFrame':
      turn.set({ begun: turn.state.begun + 1 })
      return onVideo(turn, item)
    case 'AudioFrame':
      turn.set({ begun: turn.state.begun + 1 })
      return onAudio(turn, item)
    case 'ParametersChanged':
      return leaveRun(turn, { _tag: 'Again', point: item.at })
    case 'Restarted':
      return leaveRun(turn, { _tag: 'Restarted', ingestSeq: item.at.ingestSeq })
    case 'Jump':
      turn.act({ _tag: 'Warn', reason: `${item.track} leaps from ${item.previous} to ${item.pts} (90 kHz)` })
      return leaveRun(turn, { _tag: 'Seek', leap: true })
    case 'Found':
      return onFound(turn, item.at, item.frames)
    case 'Invalid':
      return onInvalid(turn, item.reason)
  }
}

/** What cannot be read ends the stream, unless it follows from something that was lost. */
const onInvalid = (turn: Turn, reason: string): void => {
  const { source } = turn.state
  if (source === undefined || !hasLost(turn.state)) return fail(turn, reason)
  lose(turn, { kind: LossKind.UNREADABLE, firstSeq: source.reading, endSeq: source.reading, reason }, source.spots.at(-1)?.ingestSeq ?? turn.state.config.resumeSeq)
}

const feed = (turn: Turn, bytes: Uint8Array): void => {
  const { run } = turn.state
  if (run === undefined) return
  if (run.pictures !== undefined) turn.setRun({ pictures: withBytes(run.pictures, bytes) })
  if (run.phase === 'Gathering') return turn.setRun({ gathered: [...run.gathered, bytes], queuedBytes: run.queuedBytes + bytes.byteLength })
  turn.setRun({ queuedBytes: run.queuedBytes + bytes.byteLength })
  turn.act({ _tag: 'Feed', run: run.number, bytes, frames: turn.state.begun })
  turn.set({ begun: 0 })
}

const onVideo = (turn: Turn, item: SourceItem & { readonly _tag: 'VideoFrame' }): void => {
  const { pts, randomAccess: point } = item
  const { run, source } = turn.state
  if (run === undefined || source === undefined) return
  if (run.phase !== 'Gathering' && run.audioOnly) {
    if (point === undefined) return passOver(turn)
    return beginWith(turn, item, point, { passedOver: run.passedOver })
  }
  if (run.phase === 'Feeding' && comesAfterPause(turn, pts) && point !== undefined) return beginWith(turn, item, point)
  if (run.phase === 'Gathering' && point === undefined) return
  // Only sound can tell that the pictures have gone.
  if (source.tracks.audio !== undefined) turn.setRun({ pictures: withPicture(run.pictures, pts, point) })
  if (point !== undefined) remember(turn, point)
  if (run.phase === 'Gathering') {
    if (point?.size !== undefined && source.tracks.video !== undefined) turn.setSource({ tracks: { ...source.tracks, video: { ...source.tracks.video, ...point.size } } })
    const first = Math.min(pts, run.firstAudio ?? pts)
    place(turn, first)
    startChild(turn, false, first)
  }
  const { packager } = turn.state
  const at = pts + offsetTicks(turn)
  noteBegun(turn, at)
  const segmentation = onVideoFrame(packager.segmentation, at, point !== undefined)
  const estimate = packager.partTarget_us > 0 ? packager.estimate : withFrame(packager.estimate, at)
  turn.set({ packager: { ...packager, segmentation, estimate } })
}

/** Another run begins with this very frame. */
const beginWith = (turn: Turn, item: SourceItem, point: RandomAccessPoint, change: { readonly without?: Pictures; readonly passedOver?: number } = {}): void => {
  turn.set({ items: [item, ...turn.state.items] })
  leaveRun(turn, { _tag: 'Again', point, ...change })
}

/** A picture that needs others comes where there are none: nobody can be shown it. */
const passOver = (turn: Turn): void => {
  const { run, source, packager } = turn.state
  if (run === undefined || source === undefined) return
  const came = packager.tracks.some(({ init, frames }) => init.info.kind === 'video' && frames > 0) ? 'pictures came back' : 'the first pictures came'
  if (run.passedOver === 0) noteLoss(turn, { kind: LossKind.LEAP, firstSeq: source.reading, endSeq: source.reading, reason: `${came} without a keyframe, and are passed over up to the next one` })
  turn.setRun({ passedOver: run.passedOver + 1 })
}

/** Notes how late a picture comes; whether the recorder had paused before, so that the wall clock is to be set anew. */
const comesAfterPause = (turn: Turn, pts: number): boolean => {
  const { run, source, packager } = turn.state
  if (packager.anchor === undefined || source === undefined) return false
  const arrival = followArrival(run?.arrival, lagOf(packager.anchor, pts + offsetTicks(turn), source.receivedAt_ms), source.receivedAt_ms, SILENCE_MS_MAX + turn.state.config.settings.reconnectWindow_ms)
  turn.setRun({ arrival })
  return hasPaused(arrival, source.receivedAt_ms)
}

const onAudio = (turn: Turn, item: SourceItem & { readonly _tag: 'AudioFrame' }): void => {
  const { pts, point } = item
  const { run, source } = turn.state
  if (run === undefined || source === undefined) return
  const firstAudio = run.firstAudio ?? pts
  turn.setRun({ firstAudio })
  const promised = source.tracks.video !== undefined
  if (run.phase === 'Feeding' && !run.audioOnly && point !== undefined && run.pictures !== undefined && haveGone(run.pictures, pts)) return beginWith(turn, item, point, { without: run.pictures })
  const alone = run.phase === 'Gathering' ? !promised || run.withoutPictures || pts - firstAudio >= VIDEO_WAIT_MS * TICKS_PER_MS : run.audioOnly
  if (run.phase === 'Gathering' && !alone) return
  if (alone && point !== undefined && isFarEnough(run.points.at(-1), point)) remember(turn, point)
  if (run.phase === 'Gathering') {
    place(turn, firstAudio)
    startChild(turn, true, firstAudio)
  }
  const at = pts + offsetTicks(turn)
  if (alone) noteBegun(turn, at)
  const still = turn.state.run?.still
  if (still !== undefined) onStill(turn, still, at)
  const { packager } = turn.state
  turn.set({ packager: { ...packager, segmentation: onAudioFrame(packager.segmentation, at, alone && still === undefined) } })
}

/** A still has as many frames as sound goes on; segments end with them, as with any picture. */
const onStill = (turn: Turn, { next, step }: NonNullable<Run['still']>, at: number): void => {
  let { segmentation } = turn.state.packager
  let due = next
  for (; due <= at; due += step) segmentation = onVideoFrame(segmentation, due, true)
  turn.set({ packager: { ...turn.state.packager, segmentation } })
  turn.setRun({ still: { next: due, step } })
}

const isFarEnough = (last: RandomAccessPoint | undefined, point: RandomAccessPoint): boolean =>
  last === undefined || point.pts - last.pts >= AUDIO_POINTS_APART_MS * TICKS_PER_MS

const remember = (turn: Turn, point: RandomAccessPoint): void => {
  const points = turn.state.run?.points ?? []
  turn.setRun({ points: points.length < POINTS_MAX ? [...points, point] : [...points.slice(0, -1), point] })
}
