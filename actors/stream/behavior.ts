import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { toBinary } from '@bufbuild/protobuf'
import { CheckpointSchema } from '../../proto/gen/millrace/v1/checkpoint_pb.js'
import type { Decide } from '../../runtime/Behavior.ts'
import { BIG_RECORDS_SHARE_MAX } from '../../runtime/limits.ts'
import type { FfmpegEvent, FfmpegExited } from '../ffmpeg/FfmpegChild.ts'
import { endRun, matchesInit, pendingBytes, receiveInit, receiveSamples, replaceInits } from '../packager/packager.ts'
import { brokeByItself, causeOfDeath } from './childDeath.ts'
import { timesGoBack } from './childTimes.ts'
import { beginSeeking, beginUnreadable } from './gaps.ts'
import { settleLosses } from './losses.ts'
import { recordOf } from './mediaCodec.ts'
import { announce, enqueueDiscontinuity, enqueueEnd, enqueueTick, flush, onAppended, onAppendRefused, onPublished } from './publishing.ts'
import { onDelivered, read } from './reading.ts'
import { beginAgain, beginEpoch, beginRestarted, offsetTicks } from './runs.ts'
import type { Action, Message, StreamState } from './streamState.ts'
import { Turn } from './Turn.ts'
import { onSpace } from './yieldingWindow.ts'

/** The stream actor: source chunks in, MEDIA records out, one FFmpeg between them. */
export const decideStream: Decide<StreamState, Message, Action> = (state, message, now_ms) => {
  const turn = new Turn(state, now_ms)
  hear(turn, message)
  read(turn)
  flush(turn)
  goOn(turn)
  return { state: turn.state, actions: turn.actions }
}

const hear = (turn: Turn, message: Message): void => {
  switch (message._tag) {
    case 'Delivered':
      return onDelivered(turn, message.entry)
    case 'Child':
      return message.run === turn.state.run?.number ? onChild(turn, message.event) : undefined
    case 'Appended':
      return onAppended(turn, message.seq)
    case 'AppendRefused':
      return onAppendRefused(turn, message.reason)
    case 'Published':
      return onPublished(turn, message.ticket)
    case 'Parked':
      return turn.set({ parking: turn.state.parking - 1 })
    case 'Space':
      return onSpace(turn, message.space)
    case 'Described':
      return message.final ? turn.act({ _tag: 'Finish' }) : undefined
    case 'Drain':
      return turn.set({ draining: true })
    case 'Reconnected':
      return turn.act({ _tag: 'SetTimer', timer: 'window', after_ms: turn.state.config.settings.reconnectWindow_ms })
    case 'Asked':
      return turn.act({ _tag: 'Reply', question: message.question, body: turn.state.stored === undefined ? new Uint8Array() : toBinary(CheckpointSchema, turn.state.stored) })
    case 'Elapsed':
      return onElapsed(turn, message.timer)
  }
}

const onElapsed = (turn: Turn, timer: string): void => {
  if (timer === 'start') return turn.setRun({ startWaited: true })
  if (timer === 'tick') return enqueueTick(turn)
  if (timer !== 'window') return
  // A publisher is not away whose frames have no room.
  const keptOut = turn.state.space.inbox >= BIG_RECORDS_SHARE_MAX
  if (turn.state.next === undefined && turn.state.backlog.length === 0 && !keptOut) turn.act({ _tag: 'EndIngest', reason: EndReason.WINDOW_CLOSED, ifHead: turn.state.newestSeq })
  turn.act({ _tag: 'SetTimer', timer: 'window', after_ms: turn.state.config.settings.reconnectWindow_ms })
}

const onChild = (turn: Turn, event: FfmpegEvent): void => {
  const { packager, run } = turn.state
  switch (event._tag) {
    case 'Init':
      if (!matchesInit(packager, event.rendition, event.bytes, event.info)) enqueueDiscontinuity(turn, 'another init segment after a restart', replaceInits)
      return turn.set({ packager: receiveInit(turn.state.packager, event.rendition, event.bytes, event.info) })
    case 'Samples':
      if (timesGoBack(packager.tracks.find(({ name }) => name === event.rendition), event.samples)) {
        return turn.act({ _tag: 'Restart', reason: `FFmpeg gave ${event.rendition} frames whose times go back`, broke: true })
      }
      return turn.set({ packager: receiveSamples(packager, event.rendition, event.samples), quiet: false })
    case 'Quiet':
      return turn.set({ quiet: true })
    case 'Credit':
      return turn.setRun({ queuedBytes: Math.max(0, (run?.queuedBytes ?? 0) - event.bytes) })
    case 'Exited':
      return onExited(turn, event)
  }
}

/**
 * FFmpeg has gone. After its last byte, and with every frame out, that is as it should be. Otherwise this activation
 * ends and another begins from the log, under the host's supervision; after a sudden death only once the frames that
 * came before it are in the log, since they are whole. One that exits has made up the length of its last ones.
 */
const onExited = (turn: Turn, exited: FfmpegExited): void => {
  const failing = turn.state.next?._tag === 'End' && turn.state.next.reason === EndReason.FAILED
  if (turn.state.run?.phase === 'Draining' && (exited.complete || failing)) return onRunOver(turn)
  const death = { reason: causeOfDeath(exited), broke: brokeByItself(exited) }
  if (exited.signal !== null && exited.reason === undefined) return turn.set({ dying: death, quiet: true })
  turn.act({ _tag: 'Restart', ...death })
}

/** The last frame is out. The picture before a change stands until the one behind it. */
const onRunOver = (turn: Turn): void => {
  const { next, packager } = turn.state
  const until = next?._tag === 'Again' ? next.point.pts + offsetTicks(turn) : next === undefined || next._tag === 'End' ? 'open' : 'level'
  turn.set({ packager: endRun(packager, until) })
  turn.setRun({ phase: 'Over', queuedBytes: 0 })
}

/** Once nothing waits: what was to follow the run, or the end, or the hand-over. */
const goOn = (turn: Turn): void => {
  if (turn.state.closing === 'Recorded') return finish(turn)
  if (turn.state.appending || turn.state.outgoing.length > 0 || turn.state.closing !== 'No') return
  if (turn.state.draining) return turn.act({ _tag: 'Release' })
  if (turn.state.dying !== undefined) return turn.act({ _tag: 'Restart', ...turn.state.dying })
  const { next, run } = turn.state
  if (next === undefined || (run !== undefined && run.phase !== 'Over') || pendingBytes(turn.state.packager) > 0) return
  if (next._tag === 'End') {
    settleLosses(turn, 0, 0)
    enqueueEnd(turn, next.reason, next.detail)
    return flush(turn)
  }
  turn.set({ next: undefined })
  if (next._tag === 'Epoch' || next._tag === 'Unreadable') settleLosses(turn, 0, 0)
  if (next._tag === 'Epoch') beginEpoch(turn, next.epoch, next.mimeType, next.ingestSeq)
  if (next._tag === 'Restarted') beginRestarted(turn)
  if (next._tag === 'Again') beginAgain(turn, next)
  if (next._tag === 'Seek') beginSeeking(turn, next)
  if (next._tag === 'Unreadable') beginUnreadable(turn, next)
  read(turn)
  flush(turn)
  // An epoch of which nothing came is over as soon as it is read: nothing more happens that would lead on.
  goOn(turn)
}

/** The end is in the log: everyone is told once every segment is announced. */
const finish = (turn: Turn): void => {
  announce(turn)
  if (turn.state.packager.unannounced.length > 0 || turn.state.stored === undefined) return
  const { failure, stored } = turn.state
  turn.set({ closing: 'Describing' })
  turn.act({ _tag: 'Describe', status: failure === '' ? StreamStatus.ENDED : StreamStatus.FAILED, reason: failure, record: recordOf(stored, { case: undefined }), final: true })
}

