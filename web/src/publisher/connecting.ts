/** How a stream being published comes to a connection, uses it, and loses it. Pure. */
import { meaningOf } from './closing.ts'
import { beginEpoch, dueChunks, type Epoch, isDrained, isInFlight, keptOf } from './epochs.ts'
import {
  ASKED_SILENCE_MS, KEPT_BYTES_MAX, KEPT_CHUNKS_MAX, PING_MS, PROBE_MS, RETRY_FIRST_MS, RETRY_LATER_MS, RETRY_MAX_MS, SILENCE_MAX_MS, SILENCE_MS, START_WITHIN_MS,
  STOP_SILENCE_MS
} from './limits.ts'
import { type Decision, type Instant, isOver, type Publishing, type PublishingAction, stay } from './publishingState.ts'
import { fail, renew } from './renewing.ts'

/** Close code of a connection that broke without a word. */
const broken = 1006
/** Key of an epoch that is there only to be stopped. */
const stoppingKey = -1

/** The connection has ended with this code. */
export const lose = (state: Publishing, code: number, reason: string, now: Instant): Decision => {
  const isStray = state.link === 'asked' && state.epochs[0]?.number === undefined
  const told: Publishing = { ...state, words: reason || state.words, strayStarts: state.strayStarts + (isStray ? 1 : 0) }
  const meaning = meaningOf(code)
  switch (meaning) {
    case 'over':
      return stay({ ...told, phase: 'ended', link: 'none', ending: state.link === 'stopping' ? { how: 'stopped', duration_ms: undefined } : { how: 'over' } })
    case 'refused':
      return stay(fail(told, meaning))
    case 'taken':
      // It may be a connection of this page of which the edge has heard late; whose stream it is shows when it is resumed.
      return state.isDisputed || !state.hasStarted ? stay(fail(told, meaning)) : retry({ ...told, isDisputed: true }, 'later', now)
    case 'renew':
      return renew({ ...told, link: 'none' }, now)
    case 'again':
    case 'later':
      return retry(told, meaning, now)
  }
}

/** The first attempt to come back is made at once; pauses grow with each that fails. */
const retry = (state: Publishing, meaning: 'again' | 'later', { at_ms, chance }: Instant): Decision => {
  const isTooLate = !state.hasStarted && at_ms - state.begun_ms >= START_WITHIN_MS
  if (isTooLate) return stay(fail(state, meaning === 'later' ? 'noRoom' : 'unreachable'))
  const first_ms = meaning === 'later' ? RETRY_LATER_MS : RETRY_FIRST_MS
  const growing_ms = Math.min(RETRY_MAX_MS, first_ms * 2 ** state.attempts)
  const pause_ms = meaning === 'again' && state.attempts === 0 ? 0 : growing_ms * (0.5 + chance / 2)
  return stay({
    ...state,
    phase: state.hasStarted ? 'reconnecting' : 'connecting',
    link: 'none',
    probing: false,
    attempts: Math.min(state.attempts + 1, 10),
    retryAt_ms: at_ms + pause_ms,
  })
}

/** Does everything that is due: notices silence, connects, sends, goes on to the next epoch, stops. */
export const pump = (state: Publishing, now: Instant): Decision => {
  const steps = [hangUpIfSilent, prepareToStop, connectIfDue, sendDue, advance, stopIfDue, recordIfRoom, pingIfQuiet]
  const actions: Array<PublishingAction> = []
  let next = state
  for (const step of steps) {
    if (isOver(next)) break
    const done = step(next, now)
    next = done.state
    actions.push(...done.actions)
  }
  return { state: next, actions }
}

const silence_ms = ({ link, probing, silences }: Publishing): number => {
  if (probing) return PROBE_MS
  if (link === 'asked') return ASKED_SILENCE_MS
  return link === 'stopping' ? STOP_SILENCE_MS : Math.min(SILENCE_MAX_MS, SILENCE_MS * 2 ** silences)
}

/** Whether the edge owes an answer. */
const isWaiting = ({ link, probing, epochs: [head] }: Publishing): boolean =>
  link === 'attached' ? probing || (head !== undefined && isInFlight(head)) : link !== 'none'

const hangUpIfSilent = (state: Publishing, now: Instant): Decision => {
  if (!isWaiting(state) || now.at_ms - state.heard_ms < silence_ms(state)) return stay(state)
  const lost = lose({ ...state, silences: Math.min(state.silences + (state.probing ? 0 : 1), 4) }, broken, '', now)
  return { state: lost.state, actions: [{ kind: 'disconnect', connection: state.connection }, ...lost.actions] }
}

/** A stream whose last epoch was given up is ended by way of an empty one. */
const prepareToStop = (state: Publishing): Decision =>
  state.stopWanted && state.epochs.length === 0 ? stay({ ...state, epochs: [{ ...beginEpoch(stoppingKey, state.mimeType), finished: true }] }) : stay(state)

const connect = (state: Publishing, { at_ms }: Instant): Decision => {
  const connection = state.connection + 1
  return { state: { ...state, connection, link: 'opening', heard_ms: at_ms }, actions: [{ kind: 'connect', connection }] }
}

const connectIfDue = (state: Publishing, now: Instant): Decision =>
  state.link === 'none' && state.epochs.length > 0 && now.at_ms >= state.retryAt_ms ? connect(state, now) : stay(state)

const sendDue = (state: Publishing, { at_ms }: Instant): Decision => {
  const [head, ...others] = state.epochs
  if (state.link !== 'attached' || head === undefined) return stay(state)
  const due = dueChunks(head)
  if (due.length === 0) return stay(state)
  return {
    state: { ...state, heard_ms: isWaiting(state) ? state.heard_ms : at_ms, epochs: [{ ...head, nextSeq: head.nextSeq + due.length }, ...others] },
    actions: due.map(({ bytes }) => ({ kind: 'send', connection: state.connection, bytes })),
  }
}

const hasNothing = (epoch: Epoch): boolean => epoch.finished && isDrained(epoch)

/** Each epoch has a connection of its own, made once everything of the one before is durable. */
const advance = (state: Publishing, now: Instant): Decision => {
  const [head, ...behind] = state.epochs
  if (state.link !== 'attached' || head === undefined || !hasNothing(head)) return stay(state)
  const epochs = behind.filter((epoch) => !hasNothing(epoch))
  if (epochs.length === 0) return stay({ ...state, epochs: [head] })
  const next = connect({ ...state, epochs }, now)
  return { state: next.state, actions: [{ kind: 'disconnect', connection: state.connection }, ...next.actions] }
}

const stopIfDue = (state: Publishing, { at_ms }: Instant): Decision => {
  if (!state.stopWanted || state.link !== 'attached' || !state.epochs.every(hasNothing)) return stay(state)
  return { state: { ...state, link: 'stopping', heard_ms: at_ms }, actions: [{ kind: 'say', connection: state.connection, message: { type: 'stop' } }] }
}

/** Recording goes on once there is room for a good while. */
const recordIfRoom = (state: Publishing): Decision => {
  if (!state.isFull || state.stopWanted || (state.link !== 'attached' && state.epochs.length > 0)) return stay(state)
  const kept = keptOf(state.epochs)
  if (kept.bytes > KEPT_BYTES_MAX / 2 || kept.chunks > KEPT_CHUNKS_MAX / 2) return stay(state)
  return { state: { ...state, isFull: false }, actions: [{ kind: 'record' }] }
}

/** A publisher without a picture or sound for a while is still there. */
const pingIfQuiet = (state: Publishing, { at_ms }: Instant): Decision => {
  if (state.link !== 'attached' || isWaiting(state) || at_ms - state.heard_ms < PING_MS) return stay(state)
  return { state: { ...state, heard_ms: at_ms }, actions: [{ kind: 'say', connection: state.connection, message: { type: 'ping' } }] }
}
