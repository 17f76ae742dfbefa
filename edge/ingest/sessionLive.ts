import { Result } from 'effect'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import { FRAME_SEQ_MAX, UNACKED_FRAMES_MAX } from './limits.ts'
import { joinable } from './joining.ts'
import { parseClientMessage } from './messages.ts'
import { beginsLike, containerOf, MAGIC_BYTES } from './mimeType.ts'
import { cutAsStored, cutFrame } from './pieces.ts'
import {
  CLOSE, type Decision, type Frame, type Live, type Now, PONG, refuseConnected, type SessionAction, type SessionInput, stay
} from './sessionState.ts'

/** One step of a session whose frames flow. */
export const decideLive = (state: Live, input: SessionInput, now: Now): Decision => {
  switch (input._tag) {
    case 'Text':
      return text({ ...state, heard_ms: now.mono_ms }, input.text, now)
    case 'Binary':
      return arrive({ ...state, heard_ms: now.mono_ms }, input.bytes, now)
    case 'Stored':
      return stored(state, input.seq, now)
    case 'Refused':
      return refused(state, input.why, now)
    case 'StreamChanged':
      return streamChanged(state, input.status, input.reason)
    case 'Tick':
      return tick(state, now)
    case 'Gone':
      return pump({ ...state, gone: true }, now)
    default:
      return stay(state)
  }
}

const text = (state: Live, frame: string, now: Now): Decision => {
  const message = parseClientMessage(frame)
  if (Result.isFailure(message)) return refuseConnected(state, CLOSE.badMessage, message.failure)
  switch (message.success.type) {
    case 'ping':
      return { state, actions: [PONG] }
    case 'stop':
      return pump({ ...state, stopWanted: true }, now)
    case 'start':
    case 'resume':
      return refuseConnected(state, CLOSE.badMessage, 'this connection has its stream already')
  }
}

/** Takes a binary frame in, or refuses the publisher. Costs no copy; the frame is kept until it is durable. */
export const arrive = (state: Live, bytes: Uint8Array, now: Now): Decision => {
  if (state.stopWanted) return refuseConnected(state, CLOSE.badMessage, 'a binary frame came after stop')
  if (state.nextSeq > FRAME_SEQ_MAX || state.nextOffset + bytes.length > Number.MAX_SAFE_INTEGER) {
    return refuseConnected(state, CLOSE.badMessage, 'the epoch is as long as one may be: start a new one')
  }
  const unackedBytes = state.unackedBytes + bytes.length
  if (unackedBytes > state.config.settings.unackedBytesMax || state.queue.length >= UNACKED_FRAMES_MAX) {
    return refuseConnected(state, CLOSE.tryLater, 'more was sent than has become durable: wait for acks, resume later')
  }
  const magic = state.magic === undefined ? undefined : moreMagic(state.magic, bytes)
  const container = containerOf(state.mimeType)
  if (magic !== undefined && container !== undefined && !beginsLike(container, magic)) {
    return refuseConnected(state, CLOSE.badMessage, `the bytes are not ${container === 'webm' ? 'WebM' : 'MP4'}, which the mimeType says they are`)
  }
  const ranges = state.half === undefined ? cutFrame(bytes.length, state.config.pieceBytes) : cutAsStored(bytes, state.half)
  if (ranges === undefined) return refuseConnected(state, CLOSE.badMessage, `frame ${state.nextSeq} is not the one of which a part is stored`)
  const frame: Frame = {
    seq: state.nextSeq,
    offset: state.nextOffset,
    bytes,
    received_ms: now.wall_ms,
    ranges,
    piece: state.half?.stored.length ?? 0,
    firstSeq: state.half?.firstSeq ?? 0
  }
  return pump(
    {
      ...state,
      nextSeq: state.nextSeq + 1,
      nextOffset: state.nextOffset + bytes.length,
      queue: [...state.queue, frame],
      unackedBytes,
      half: undefined,
      magic: magic === undefined || magic.length >= MAGIC_BYTES ? undefined : magic
    },
    now
  )
}

const moreMagic = (magic: Uint8Array, bytes: Uint8Array): Uint8Array => {
  const more = bytes.subarray(0, MAGIC_BYTES - magic.length)
  const all = new Uint8Array(magic.length + more.length)
  all.set(magic)
  all.set(more, magic.length)
  return all
}

/** Appends what is next, if nothing is in flight: a piece, all frames that came meanwhile, or the end once everything is stored and it is wanted. */
export const pump = (state: Live, now: Now): Decision => {
  if (state.inFlight !== 'Nothing') return stay(state)
  const [unfinished] = state.sending
  if (unfinished !== undefined) return appendFrames(state, unfinished, state.sending)
  const [next] = state.queue
  if (next !== undefined) {
    const count = joinable(state.queue, state.config.pieceBytes)
    return appendFrames({ ...state, queue: state.queue.slice(count) }, next, state.queue.slice(0, count))
  }
  if (state.stopWanted) return appendEnd(state, now)
  if (state.gone) return { state: { _tag: 'Closed' }, actions: [{ _tag: 'Disconnected', id: state.id, session: state.session }] }
  return stay(state)
}

const appendFrames = (state: Live, frame: Frame, frames: ReadonlyArray<Frame>): Decision => {
  const { id, session, epoch, mimeType } = state
  return {
    state: { ...state, sending: frames, inFlight: 'Frames' },
    actions: [{ _tag: 'Append', id, expected: undefined, received_ms: frame.received_ms, body: { _tag: 'Frames', session, epoch, mimeType, frames } }]
  }
}

const appendEnd = (state: Live, now: Now): Decision => {
  const { config, id, session } = state
  return {
    state: { _tag: 'Ending', config, id, session, step: 'Append', deadline_ms: Number.POSITIVE_INFINITY, finished: false },
    actions: [{ _tag: 'Append', id, expected: undefined, received_ms: now.wall_ms, body: { _tag: 'End', session } }]
  }
}

const stored = (state: Live, seq: number, now: Now): Decision => {
  const going: Live = { ...state, inFlight: 'Nothing', stored_ms: now.mono_ms }
  const frame = state.sending.at(-1)
  if (state.inFlight !== 'Frames' || frame === undefined) return pump(going, now)
  const firstSeq = frame.piece === 0 ? seq : frame.firstSeq
  if (frame.piece + 1 < frame.ranges.length) return pump({ ...going, sending: [{ ...frame, piece: frame.piece + 1, firstSeq }] }, now)
  const ack: SessionAction = { _tag: 'Ack', seq: frame.seq, bytes: frame.offset + frame.bytes.length, frames: state.sending.length }
  const bytes = state.sending.reduce((sum, one) => sum + one.bytes.length, 0)
  const next = pump({ ...going, sending: [], unackedBytes: state.unackedBytes - bytes }, now)
  return { state: next.state, actions: [ack, ...next.actions] }
}

const refused = (state: Live, why: 'Fenced' | 'HeadLost' | 'Full' | 'TooBig', now: Now): Decision => {
  if (why !== 'Fenced') {
    const said = { HeadLost: 'the log of this stream is gone', Full: 'the log is full', TooBig: 'the log takes only smaller records' }
    return refuseConnected(state, CLOSE.tryLater, said[why])
  }
  const { config, id, session, stopWanted } = state
  return {
    state: { _tag: 'Superseded', config, id, session, stopping: stopWanted, failed: false, deadline_ms: now.mono_ms + config.settings.open_ms },
    actions: [{ _tag: 'ReadHead', id }]
  }
}

const streamChanged = (state: Live, status: StreamStatus, reason: string): Decision => {
  if (status === StreamStatus.FAILED) return refuseConnected(state, CLOSE.badMessage, `the stream failed: ${reason}`)
  if (status === StreamStatus.LIVE) return stay(state)
  return refuseConnected(state, CLOSE.unknownRecording, 'the recording has ended')
}

/** A publisher without frames (paused, its camera stalled) is shown to the log by another `Open` of the same session. */
const tick = (state: Live, now: Now): Decision => {
  const { config, id, session, epoch, mimeType, nextSeq, nextOffset } = state
  if (!state.gone && now.mono_ms - state.heard_ms >= config.settings.idle_ms) {
    return refuseConnected(state, CLOSE.badMessage, `nothing came for ${config.settings.idle_ms / 1000} s`)
  }
  const quiet = state.inFlight === 'Nothing' && now.mono_ms - state.stored_ms >= config.settings.keepAlive_ms
  if (!quiet) return stay(state)
  const position = { session, epoch, nextSeq, nextOffset, mimeType, halfFirstSeq: state.half?.firstSeq ?? 0 }
  return {
    state: { ...state, inFlight: 'KeepAlive' },
    actions: [{ _tag: 'Append', id, expected: undefined, received_ms: now.wall_ms, body: { _tag: 'Open', position, edge: config.edge } }]
  }
}
