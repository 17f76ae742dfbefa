import { Result } from 'effect'
import { EndReason } from '../../proto/gen/millrace/v1/ingest_pb.js'
import { StreamStatus } from '../../proto/gen/millrace/v1/stream_state_pb.js'
import type { IngestHead } from './ingestHead.ts'
import { type ClientMessage, parseClientMessage } from './messages.ts'
import { MIME_TYPE_DEFAULT } from './mimeType.ts'
import { decideLive } from './sessionLive.ts'
import { beginOpening, decideOpening } from './sessionOpening.ts'
import {
  CLOSE, type Decision, type Ending, type Now, type Outcome, PONG, refuse, refuseConnected, type SessionConfig, type SessionInput, type SessionState, stay,
  type Superseded, type Waiting
} from './sessionState.ts'

/** A connection that has just been made. */
export const beginSession = (config: SessionConfig, now: Now): Waiting => ({
  _tag: 'Waiting',
  config,
  deadline_ms: now.mono_ms + config.settings.handshake_ms
})

/**
 * One publisher connection as a pure and total machine: Waiting → Opening → Live → Ending → Closed. At most one append is
 * in flight at a time, and a frame is acknowledged only once its last piece is stored.
 */
export const decide = (state: SessionState, input: SessionInput, now: Now): Decision => {
  if (input._tag === 'Cut') return cut(state, input.code, input.message)
  switch (state._tag) {
    case 'Waiting':
      return decideWaiting(state, input, now)
    case 'Opening':
      return decideOpening(state, input, now)
    case 'Live':
      return decideLive(state, input, now)
    case 'Ending':
      return decideEnding(state, input, now)
    case 'Superseded':
      return decideSuperseded(state, input, now)
    case 'Closed':
      return stay(state)
  }
}

const cut = (state: SessionState, code: number, message: string): Decision => {
  if (state._tag === 'Closed') return stay(state)
  return state._tag === 'Live' || state._tag === 'Ending' ? refuseConnected(state, code, message) : refuse(code, message)
}

const decideWaiting = (state: Waiting, input: SessionInput, now: Now): Decision => {
  switch (input._tag) {
    case 'Text': {
      const message = parseClientMessage(input.text)
      return Result.isFailure(message) ? refuse(CLOSE.badMessage, message.failure) : firstMessage(state, message.success, now)
    }
    case 'Binary':
      return refuse(CLOSE.badMessage, 'a binary frame came before start')
    case 'Tick':
      return now.mono_ms < state.deadline_ms ? stay(state) : refuse(CLOSE.tryLater, 'neither start nor resume came in time')
    case 'Gone':
      return stay({ _tag: 'Closed' })
    default:
      return stay(state)
  }
}

const firstMessage = (state: Waiting, message: ClientMessage, now: Now): Decision => {
  switch (message.type) {
    case 'ping':
      return { state, actions: [PONG] }
    case 'stop':
      return refuse(CLOSE.badMessage, 'stop came before start')
    case 'start': {
      const { recordingId, publisherToken, title, mimeType } = message
      const id = recordingId ?? state.config.freshId
      return beginOpening(state.config, { _tag: 'Start', id, token: publisherToken, title: title ?? '', mimeType: mimeType ?? MIME_TYPE_DEFAULT }, now)
    }
    case 'resume':
      return beginOpening(state.config, { _tag: 'Resume', id: message.recordingId, token: message.publisherToken, epoch: message.epoch, acked: message.acked }, now)
  }
}

const decideEnding = (state: Ending, input: SessionInput, now: Now): Decision => {
  switch (input._tag) {
    case 'Text':
      return endingText(state, input.text)
    case 'Binary':
      return refuseConnected(state, CLOSE.badMessage, 'a binary frame came after stop')
    case 'Stored':
      return waitForEnd(state, now)
    case 'Refused':
      return endRefused(state, input.why, now)
    case 'StreamChanged':
      return finishing(state, input.status, input.reason, now)
    case 'Tick':
      return now.mono_ms < state.deadline_ms ? stay(state) : overdue(state, now)
    case 'OutcomeFound':
      return stopped(state, input.outcome)
    default:
      return stay(state)
  }
}

const endingText = (state: Ending, frame: string): Decision => {
  const message = parseClientMessage(frame)
  if (Result.isFailure(message)) return refuseConnected(state, CLOSE.badMessage, message.failure)
  return message.success.type === 'ping' ? { state, actions: [PONG] } : stay(state)
}

const waitForEnd = (state: Ending, now: Now): Decision => {
  if (state.finished) return findOutcome(state, now)
  return stay({ ...state, step: 'Wait', deadline_ms: now.mono_ms + state.config.settings.stop_ms })
}

const endRefused = (state: Ending, why: 'Fenced' | 'HeadLost' | 'Full' | 'TooBig', now: Now): Decision => {
  if (why !== 'Fenced') return refuseConnected(state, CLOSE.tryLater, 'the end could not be stored')
  const { config, id, session } = state
  return {
    state: { _tag: 'Superseded', config, id, session, stopping: true, failed: false, deadline_ms: now.mono_ms + config.settings.open_ms },
    actions: [{ _tag: 'ReadHead', id }]
  }
}

const finishing = (state: Ending, status: StreamStatus, reason: string, now: Now): Decision => {
  if (status === StreamStatus.FAILED) return refuseConnected(state, CLOSE.badMessage, `the stream failed: ${reason}`)
  if (status === StreamStatus.LIVE || state.step === 'Outcome') return stay(state)
  return state.step === 'Wait' ? findOutcome(state, now) : stay({ ...state, finished: true })
}

const findOutcome = (state: Ending, now: Now): Decision => ({
  state: { ...state, step: 'Outcome', deadline_ms: now.mono_ms + state.config.settings.stop_ms },
  actions: [{ _tag: 'FindOutcome', id: state.id }]
})

/** The stream takes its time, or NATS does: the answer says what is known by now. */
const overdue = (state: Ending, now: Now): Decision =>
  state.step === 'Outcome' ? stopped(state, { duration_ms: 0, segments: 0, bytes: 0 }) : findOutcome(state, now)

const stopped = (state: Ending, outcome: Outcome): Decision => ({
  state: { _tag: 'Closed' },
  actions: [
    {
      _tag: 'Send',
      message: {
        type: 'stopped',
        recordingId: state.id,
        status: 'ended',
        duration: outcome.duration_ms,
        segmentsUploaded: outcome.segments,
        bytesUploaded: outcome.bytes
      }
    },
    { _tag: 'Close', code: CLOSE.done, reason: 'stopped' },
    { _tag: 'Disconnected', id: state.id, session: state.session }
  ]
})

const decideSuperseded = (state: Superseded, input: SessionInput, now: Now): Decision => {
  switch (input._tag) {
    case 'HeadFound':
      return supersededBy(state, input.head, now)
    case 'StreamFound':
      return input.entry === undefined ? stay(state) : failure(state, input.entry.status, input.entry.reason)
    case 'StreamChanged':
      return failure(state, input.status, input.reason)
    case 'Tick':
      if (now.mono_ms < state.deadline_ms) return stay(state)
      return state.failed ? refuseConnected(state, CLOSE.badMessage, 'the stream failed') : refuseConnected(state, CLOSE.tryLater, 'the log does not say who has the stream: resume')
    default:
      return stay(state)
  }
}

const supersededBy = (state: Superseded, head: IngestHead, now: Now): Decision => {
  if (head._tag === 'Running' && head.position.session <= state.session) return refuseConnected(state, CLOSE.tryLater, 'the newest chunks are gone from the log: resume')
  if (head._tag === 'Running') return refuse(CLOSE.otherPublisher, 'another publisher has the stream')
  if (head._tag !== 'Ended') return refuseConnected(state, CLOSE.tryLater, 'the log does not say who has the stream: resume')
  if (head.reason === EndReason.FAILED) return { state: { ...state, failed: true }, actions: [{ _tag: 'FindStream', id: state.id }] }
  if (!state.stopping) return refuseConnected(state, CLOSE.unknownRecording, 'the recording has ended')
  const { config, id, session } = state
  return waitForEnd({ _tag: 'Ending', config, id, session, step: 'Wait', deadline_ms: now.mono_ms, finished: false }, now)
}

const failure = (state: Superseded, status: StreamStatus, reason: string): Decision =>
  status === StreamStatus.FAILED ? refuseConnected(state, CLOSE.badMessage, `the stream failed: ${reason}`) : stay(state)
