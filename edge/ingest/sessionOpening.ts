import { Result } from 'effect'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { EpochPosition } from './ingestHead.ts'
import { EARLY_FRAMES_MAX, FRAME_BYTES_MAX, LOST_FRAMES_MAX } from './limits.ts'
import { parseClientMessage } from './messages.ts'
import { arrive, pump } from './sessionLive.ts'
import {
  type Acked, CLOSE, type Decision, type Live, type Now, type Opening, PONG, refuse, type SessionAction, type SessionConfig, type SessionInput, stay, type Target,
  type Want
} from './sessionState.ts'
import { isToken, newStream } from './streamEntry.ts'

/** Begins to open the stream that the publisher wants. */
export const beginOpening = (config: SessionConfig, want: Want, now: Now): Decision => ({
  state: {
    _tag: 'Opening',
    config,
    want,
    step: 'Find',
    deadline_ms: now.mono_ms + config.settings.open_ms,
    target: undefined,
    early: [],
    earlyBytes: 0,
    stopWanted: false,
    gone: false
  },
  actions: [
    { _tag: 'Attach', id: want.id },
    { _tag: 'FindStream', id: want.id }
  ]
})

/** One step of the way from `start` or `resume` to a durable `Open`. */
export const decideOpening = (state: Opening, input: SessionInput, now: Now): Decision => {
  switch (input._tag) {
    case 'Text':
      return text(state, input.text)
    case 'Binary':
      return early(state, input.bytes, now)
    case 'StreamFound':
      return streamFound(state, input, now)
    case 'StreamCreated':
      return readHead(state)
    case 'StreamExists':
      return { state: { ...state, step: 'Find' }, actions: [{ _tag: 'FindStream', id: state.want.id }] }
    case 'HeadFound':
      return headFound(state, input, now)
    case 'HalfFound':
      return halfFound(state, input, now)
    case 'HalfMissing':
      return refuse(CLOSE.badMessage, 'the log no longer holds the half-stored frame: begin a new epoch')
    case 'Stored':
      return stored(state, now)
    case 'Refused':
      return input.why === 'Fenced' ? readHead(state) : refuse(CLOSE.tryLater, 'the log takes nothing now')
    case 'StreamChanged':
      return streamChanged(state, input.status, input.reason)
    case 'Tick':
      return now.mono_ms < state.deadline_ms ? stay(state) : refuse(CLOSE.tryLater, 'the stream could not be opened in time')
    case 'Gone':
      // What may have been created is opened all the same, so that its owner sees it begin, and end.
      return state.step !== 'Find' || state.early.length > 0 || state.stopWanted ? stay({ ...state, gone: true }) : stay({ _tag: 'Closed' })
    default:
      return stay(state)
  }
}

const text = (state: Opening, frame: string): Decision => {
  const message = parseClientMessage(frame)
  if (Result.isFailure(message)) return refuse(CLOSE.badMessage, message.failure)
  switch (message.success.type) {
    case 'ping':
      return { state, actions: [PONG] }
    case 'stop':
      return stay({ ...state, stopWanted: true })
    case 'start':
    case 'resume':
      return refuse(CLOSE.badMessage, 'this connection has its stream already')
  }
}

const early = (state: Opening, bytes: Uint8Array, now: Now): Decision => {
  if (state.want._tag === 'Resume') return refuse(CLOSE.badMessage, 'wait for "resumed": it says which frame comes next')
  if (state.stopWanted) return refuse(CLOSE.badMessage, 'a binary frame came after stop')
  const earlyBytes = state.earlyBytes + bytes.length
  if (earlyBytes > state.config.settings.unackedBytesMax || state.early.length >= EARLY_FRAMES_MAX) {
    return refuse(CLOSE.tryLater, 'more was sent before "started" than is kept')
  }
  return stay({ ...state, earlyBytes, early: [...state.early, { bytes, received_ms: now.wall_ms }] })
}

const streamFound = (state: Opening, { entry, used, noRoom }: Extract<SessionInput, { _tag: 'StreamFound' }>, now: Now): Decision => {
  const { want, config, step } = state
  if (step === 'Confirm' && entry?.status === StreamStatus.LIVE) return opened(state, now)
  if (entry === undefined) {
    if (used || step === 'Confirm') return refuse(CLOSE.unknownRecording, 'the recording has ended')
    if (want._tag === 'Resume') return refuse(CLOSE.unknownRecording, 'unknown recording')
    if (noRoom !== undefined) return refuse(CLOSE.tryLater, `${noRoom}: no new stream may start`)
    return { state: { ...state, step: 'Create' }, actions: [{ _tag: 'CreateStream', entry: newStream(want.id, want.token ?? config.freshToken, want.title, now.wall_ms) }] }
  }
  if (entry.status !== StreamStatus.LIVE) {
    return refuse(CLOSE.unknownRecording, entry.status === StreamStatus.FAILED ? `the recording has failed: ${entry.reason}` : 'the recording has ended')
  }
  const ours = isToken(want.token, entry.publisherTokenSha256) || isToken(config.freshToken, entry.publisherTokenSha256)
  if (!ours) return refuse(CLOSE.otherPublisher, 'another publisher has the stream')
  return readHead(state)
}

const readHead = (state: Opening): Decision => ({
  state: { ...state, step: 'Head', target: undefined },
  actions: [{ _tag: 'ReadHead', id: state.want.id }]
})

const headFound = (state: Opening, { head, seq, damaged }: Extract<SessionInput, { _tag: 'HeadFound' }>, now: Now): Decision => {
  if (head._tag === 'Ended') return refuse(CLOSE.unknownRecording, 'the recording has ended')
  if (head._tag === 'Unreadable') return refuse(CLOSE.unknownRecording, 'nothing of the recording can be read: start another')
  // The stream has begun, perhaps by the publisher's next attempt, which a connection that nobody holds must not fence.
  if (state.gone && head._tag === 'Running') return stay({ _tag: 'Closed' })
  const { want } = state
  if (want._tag === 'Start') {
    const [session, epoch] = head._tag === 'Empty' ? [1, 0] : [head.position.session + 1, head.position.epoch + 1]
    const position = { session, epoch, nextSeq: 0, nextOffset: 0, mimeType: want.mimeType, halfFirstSeq: 0 }
    return appendOpen(state, { position, headSeq: seq, half: undefined }, now)
  }
  if (head._tag === 'Empty') return refuse(CLOSE.unknownRecording, 'the recording holds nothing to resume')
  if (head.position.epoch !== want.epoch) return refuse(CLOSE.badMessage, `the recording is in epoch ${head.position.epoch}, not ${want.epoch}`)
  if (damaged && want.acked === undefined) {
    return refuse(CLOSE.badMessage, 'the newest chunks cannot be read: resume with "acked", the newest ack that you heard, or start a new epoch')
  }
  if (want.acked !== undefined && !isPlausible(want.acked, head.position)) {
    return refuse(CLOSE.badMessage, '"acked" is further on than the stream can have been: start a new epoch')
  }
  const position = { ...resumeAt(head.position, want.acked), session: head.position.session + 1 }
  if (position.halfFirstSeq === 0) return appendOpen(state, { position, headSeq: seq, half: undefined }, now)
  return {
    state: { ...state, step: 'Half', target: { position, headSeq: seq, half: undefined } },
    actions: [{ _tag: 'ReadHalf', id: want.id, position, to: seq }]
  }
}

/** Whether a log could have lost everything between its head and what a publisher says was acknowledged. */
const isPlausible = (acked: Acked, { nextSeq, nextOffset }: EpochPosition): boolean => {
  const lost = acked.seq + 1 - nextSeq
  return lost <= 0 || (lost <= LOST_FRAMES_MAX && acked.bytes - nextOffset <= lost * FRAME_BYTES_MAX)
}

/**
 * Where a publisher goes on: behind what the log holds, so that it sends again what was not stored. What was acknowledged
 * and is not in the log any more cannot be sent again; it goes on behind that, and the reader of the log finds it missing.
 */
const resumeAt = (position: EpochPosition, acked: Acked | undefined): EpochPosition =>
  acked === undefined || acked.seq < position.nextSeq
    ? position
    : { ...position, nextSeq: acked.seq + 1, nextOffset: Math.max(acked.bytes, position.nextOffset), halfFirstSeq: 0 }

const halfFound = (state: Opening, found: Extract<SessionInput, { _tag: 'HalfFound' }>, now: Now): Decision => {
  if (state.target === undefined) return stay(state)
  const position: EpochPosition = { ...state.target.position, nextOffset: found.nextOffset }
  return appendOpen(state, { position, headSeq: state.target.headSeq, half: found.half }, now)
}

const appendOpen = (state: Opening, target: Target, now: Now): Decision => ({
  state: { ...state, step: 'Open', target },
  actions: [
    {
      _tag: 'Append',
      id: state.want.id,
      expected: target.headSeq,
      received_ms: now.wall_ms,
      body: { _tag: 'Open', position: target.position, edge: state.config.edge }
    }
  ]
})

/**
 * An `Open` that expected no record before it is stored also where the stream has ended meanwhile and its log was trimmed:
 * whether the stream lives is asked once more before anything is answered. Logs are trimmed only behind that entry.
 */
const stored = (state: Opening, now: Now): Decision =>
  state.target?.headSeq === 0 ? { state: { ...state, step: 'Confirm' }, actions: [{ _tag: 'FindStream', id: state.want.id }] } : opened(state, now)

const opened = (state: Opening, now: Now): Decision => {
  if (state.target === undefined) return stay(state)
  const { want, config } = state
  const { session, epoch, nextSeq, nextOffset, mimeType } = state.target.position
  const live: Live = {
    _tag: 'Live',
    config,
    id: want.id,
    session,
    epoch,
    mimeType,
    nextSeq,
    nextOffset,
    inFlight: 'Nothing',
    sending: [],
    queue: [],
    unackedBytes: 0,
    half: state.target.half,
    magic: nextOffset === 0 ? new Uint8Array(0) : undefined,
    heard_ms: now.mono_ms,
    stored_ms: now.mono_ms,
    stopWanted: state.stopWanted,
    gone: state.gone
  }
  const answered: ReadonlyArray<SessionAction> = [
    answer(want, config, state.target),
    { _tag: 'Hint', id: want.id },
    { _tag: 'Connected', id: want.id, session, epoch }
  ]
  return takeEarly(live, state.early, answered, now)
}

const answer = (want: Want, config: SessionConfig, target: Target): SessionAction => {
  const { epoch, nextSeq } = target.position
  if (want._tag === 'Resume') return { _tag: 'Send', message: { type: 'resumed', epoch, nextSeq } }
  const publisherToken = want.token ?? config.freshToken
  return {
    _tag: 'Send',
    message: { type: 'started', recordingId: want.id, status: 'live', epoch, streamPrefix: `/live/${want.id}`, nextSeq, publisherToken }
  }
}

const takeEarly = (live: Live, early: Opening['early'], before: ReadonlyArray<SessionAction>, now: Now): Decision => {
  const actions = [...before]
  let state: Live = { ...live, stopWanted: false }
  for (const { bytes, received_ms } of early) {
    const taken = arrive(state, bytes, { mono_ms: now.mono_ms, wall_ms: received_ms })
    actions.push(...taken.actions)
    if (taken.state._tag !== 'Live') return { state: taken.state, actions }
    state = taken.state
  }
  const going = pump({ ...state, stopWanted: live.stopWanted }, now)
  return { state: going.state, actions: [...actions, ...going.actions] }
}

const streamChanged = (state: Opening, status: StreamStatus, reason: string): Decision => {
  if (status === StreamStatus.FAILED) return refuse(CLOSE.badMessage, `the stream failed: ${reason}`)
  if (status === StreamStatus.LIVE) return stay(state)
  return refuse(CLOSE.unknownRecording, 'the recording has ended')
}
