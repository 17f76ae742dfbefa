import { Result } from 'effect'
import { CALM_MS, ENDING_MS_MAX, MESSAGES_PER_S_MAX, QUEUE_MS_MAX, RAISE_AFTER_MS, RAISE_AFTER_MS_MAX, RAISE_TRIAL_MS, SETTLE_MS, SLOW_MS, STALL_MS } from './limits.ts'
import { AUTO, CLOSE, type Over, parseClientMessage, shownName, type SwitchReason } from './messages.ts'
import { type Choice, isSameChoice } from './renditions.ts'
import { isAuto, type Pace, type ViewerAction, type ViewerEvent, type ViewerState } from './viewerState.ts'

/** What a viewer becomes, and what is to be done. */
export interface Decision {
  readonly state: ViewerState
  readonly actions: ReadonlyArray<ViewerAction>
}

type Queue = Extract<ViewerEvent, { readonly _tag: 'Queue' }>

const stay = (state: ViewerState, ...actions: ReadonlyArray<ViewerAction>): Decision => ({ state, actions })

/** Decides about one viewer. Times are monotonic ms; the same state is given back where nothing changes. */
export const decideViewer = (state: ViewerState, event: ViewerEvent, now_ms: number): Decision => {
  if (state.phase === 'Over') return stay(state)
  switch (event._tag) {
    case 'Choice':
      return choose(state, event.choice, now_ms)
    case 'Text':
      return hear(state, event.text, now_ms)
    case 'Binary':
      return refuseMessage(state, 'badMessage', 'a viewer sends no binary messages')
    case 'Queue':
      return state.phase === 'InStep' ? judge(state, event, now_ms) : state.phase === 'Behind' ? judgeBehind(state, event, now_ms) : stay(state)
    case 'Overflowed':
      return state.phase === 'InStep' ? fallBehind(lower(state, now_ms), now_ms) : stay(state)
    case 'Passed':
      return state.phase === 'Behind' ? skip(lower(state, now_ms), now_ms) : stay(state)
    case 'RandomAccess':
      return state.next?.name === event.name ? change(state, state.next.reason, now_ms) : stay(state)
    case 'CaughtUp':
      return catchUp(state)
    case 'Ended':
      return state.phase === 'Waiting' ? finish(state, event.over) : end(state, event.over, now_ms)
    case 'Crowded':
      return cut(state)
    case 'Refused':
      return close(state, event.code, event.reason)
  }
}

const close = (state: ViewerState, code: number, reason: string, ...before: ReadonlyArray<ViewerAction>): Decision => ({
  state: { ...state, phase: 'Over' },
  actions: [...(state.phase === 'InStep' ? [{ _tag: 'LeaveStep' } as const] : []), ...before, { _tag: 'Close', code, reason }]
})

const cut = (state: ViewerState): Decision =>
  stay({ ...state, phase: 'Over' }, ...(state.phase === 'InStep' ? [{ _tag: 'LeaveStep' } as const] : []), { _tag: 'Count', what: 'stalled' }, { _tag: 'Cut' })

const finish = (state: ViewerState, over: Over): Decision => close(state, CLOSE.over, `the stream has ${over.state}`, { _tag: 'Tell', message: { type: 'state', ...over } })

/** Whatever waits for it comes first: a full queue would not take the end. */
const end = (state: ViewerState, over: Over, now_ms: number): Decision => {
  const ending = state.ending ?? { over, since_ms: now_ms }
  return state.phase === 'InStep' ? fallBehind({ ...state, ending }, now_ms) : stay({ ...state, ending })
}

const catchUp = (state: ViewerState): Decision => {
  if (state.phase !== 'Behind') return stay(state)
  return state.ending === undefined ? stay({ ...state, phase: 'InStep' }, { _tag: 'EnterStep' }) : finish(state, state.ending.over)
}

const told = (state: ViewerState, name: string, reason: SwitchReason): ViewerAction => ({ _tag: 'Tell', message: { type: 'rendition', name, mode: isAuto(state) ? 'auto' : 'fixed', reason } })

const unknown = (name: string): ViewerAction => ({ _tag: 'Tell', message: { type: 'error', code: 'unknownRendition', message: `the stream has no video rendition of ${shownName(name)}` } })

const refuseMessage = (state: ViewerState, code: 'badMessage' | 'tooManyMessages', message: string): Decision =>
  close(state, CLOSE.badMessage, message, { _tag: 'Count', what: 'refused' }, { _tag: 'Tell', message: { type: 'error', code, message } })

/** What there is to choose from is known, or has changed. */
const choose = (state: ViewerState, choice: Choice, now_ms: number): Decision => {
  if (state.phase !== 'Waiting' && isSameChoice(state.choice, choice)) return stay(state)
  const isThere = isAuto(state) || choice.ladder.length === 0 || choice.ladder.includes(state.asked)
  const asked = isThere ? state.asked : AUTO
  const actions = isThere ? [] : [unknown(state.asked)]
  const best = asked === AUTO ? choice.ladder[0] : choice.ladder.find((name) => name === asked)
  const known = { ...state, asked, choice }
  if (state.phase === 'Waiting') {
    const begun: ViewerState = { ...known, phase: 'Behind', rendition: best, pace: { ...state.pace, switched_ms: now_ms, moved_ms: now_ms, raiseAt_ms: now_ms + state.pace.patience_ms } }
    return stay(begun, ...actions, ...(best === undefined ? [] : [told(begun, best, 'start')]), { _tag: 'Begin', skipping: false })
  }
  const has = (name: string | undefined): boolean => name !== undefined && choice.ladder.includes(name)
  const next = has(known.rendition) ? (has(known.next?.name) ? known.next : undefined) : best === undefined ? undefined : ({ name: best, reason: 'start' } as const)
  // Audio that was not there before begins with an init segment, which is not published.
  const rejoins = state.phase === 'InStep' && choice.audio !== state.choice.audio
  return rejoins ? stay(leaveStep({ ...known, next }, now_ms), ...actions, { _tag: 'LeaveStep' }) : stay({ ...known, next }, ...actions)
}

const hear = (state: ViewerState, text: string, now_ms: number): Decision => {
  const isSameSecond = now_ms - state.talk.since_ms < 1_000
  const talk = { since_ms: isSameSecond ? state.talk.since_ms : now_ms, messages: isSameSecond ? state.talk.messages + 1 : 1 }
  const heard = { ...state, talk }
  if (talk.messages > MESSAGES_PER_S_MAX) return refuseMessage(heard, 'tooManyMessages', `a viewer may send ${MESSAGES_PER_S_MAX} messages in a second`)
  const message = parseClientMessage(text)
  if (Result.isFailure(message)) return refuseMessage(heard, 'badMessage', message.failure)
  return message.success.type === 'ping' ? stay(heard, { _tag: 'Tell', message: { type: 'pong' } }) : ask(heard, message.success.name, now_ms)
}

const ask = (state: ViewerState, name: string, now_ms: number): Decision => {
  if (state.phase === 'Waiting') return stay({ ...state, asked: name })
  if (name === AUTO) {
    const free = { ...state, asked: AUTO, next: state.next?.reason === 'asked' ? undefined : state.next, pace: { ...state.pace, raiseAt_ms: now_ms + state.pace.patience_ms } }
    return stay(free, ...(state.rendition === undefined ? [] : [told(free, state.rendition, 'asked')]))
  }
  if (!state.choice.ladder.includes(name)) return stay(state, unknown(name))
  const fixed: ViewerState = { ...state, asked: name, next: name === state.rendition ? undefined : { name, reason: 'asked' } }
  return stay(fixed, ...(name === state.rendition ? [told(fixed, name, 'asked')] : []))
}

const neighbour = ({ choice, rendition }: ViewerState, step: 1 | -1): string | undefined => {
  const at = rendition === undefined ? -1 : choice.ladder.indexOf(rendition)
  return at < 0 ? undefined : choice.ladder[at + step]
}

const patienceAfter = ({ raised_ms, patience_ms }: Pace, now_ms: number): number => {
  if (raised_ms === Number.NEGATIVE_INFINITY) return patience_ms
  return now_ms - raised_ms < RAISE_TRIAL_MS ? Math.min(RAISE_AFTER_MS_MAX, patience_ms * 2) : RAISE_AFTER_MS
}

/** It is too slow for what it gets: the next lower rendition is its next one, where the edge chooses and there is one. */
const lower = (state: ViewerState, now_ms: number): ViewerState => {
  const { pace, next } = state
  if (!isAuto(state) || next?.reason === 'slow') return state
  const patience_ms = patienceAfter(pace, now_ms)
  const name = neighbour(state, 1)
  return {
    ...state,
    next: name === undefined ? (next?.reason === 'recovered' ? undefined : next) : { name, reason: 'slow' },
    pace: { ...pace, patience_ms, raised_ms: Number.NEGATIVE_INFINITY, raiseAt_ms: now_ms + patience_ms }
  }
}

/** What it takes is counted from the first look at its queue on. */
const leaveStep = (state: ViewerState, now_ms: number): ViewerState => ({ ...state, phase: 'Behind', pace: { ...state.pace, taken_bytes: Number.NEGATIVE_INFINITY, moved_ms: now_ms } })

const fallBehind = (state: ViewerState, now_ms: number): Decision => stay(leaveStep(state, now_ms), { _tag: 'LeaveStep' })

const judge = (state: ViewerState, { lag_ms }: Queue, now_ms: number): Decision => {
  const { pace } = state
  if (lag_ms >= QUEUE_MS_MAX) return fallBehind(lower(state, now_ms), now_ms)
  if (lag_ms >= SLOW_MS) return stay(now_ms - pace.switched_ms < SETTLE_MS ? state : lower(state, now_ms))
  if (!isAuto(state)) return stay(state)
  if (lag_ms >= CALM_MS) return stay({ ...state, pace: { ...pace, raiseAt_ms: Math.max(pace.raiseAt_ms, now_ms + pace.patience_ms) } })
  const higher = neighbour(state, -1)
  return stay(higher === undefined || state.next !== undefined || now_ms < pace.raiseAt_ms ? state : { ...state, next: { name: higher, reason: 'recovered' } })
}

const judgeBehind = (state: ViewerState, { bytes, lag_ms, taken_bytes }: Queue, now_ms: number): Decision => {
  const { pace, ending } = state
  const moves = bytes === 0 || taken_bytes > pace.taken_bytes
  if (!moves && now_ms - pace.moved_ms >= STALL_MS) return cut(state)
  if (ending !== undefined && now_ms - ending.since_ms >= ENDING_MS_MAX) return cut(state)
  const moved = moves ? { ...state, pace: { ...pace, taken_bytes, moved_ms: now_ms } } : state
  return stay(lag_ms >= SLOW_MS && bytes > 0 && now_ms - pace.switched_ms >= SETTLE_MS ? lower(moved, now_ms) : moved)
}

const changed = (state: ViewerState, reason: SwitchReason, now_ms: number): ViewerState =>
  state.next === undefined ? state : {
    ...state,
    rendition: state.next.name,
    next: undefined,
    pace: { ...state.pace, switched_ms: now_ms, raised_ms: reason === 'recovered' ? now_ms : state.pace.raised_ms, raiseAt_ms: now_ms + state.pace.patience_ms }
  }

const counted = (reason: SwitchReason): ReadonlyArray<ViewerAction> =>
  reason === 'slow' ? [{ _tag: 'Count', what: 'lowered' }] : reason === 'recovered' ? [{ _tag: 'Count', what: 'raised' }] : []

/** Goes on with the next rendition: the fragment that comes is sent to it alone, behind an init segment. */
const change = (state: ViewerState, reason: SwitchReason, now_ms: number): Decision => {
  const turned = changed(state, reason, now_ms)
  const tells = turned.rendition === undefined ? [] : [told(turned, turned.rendition, reason)]
  if (state.phase !== 'InStep') return stay(turned, ...tells, ...counted(reason))
  return stay(leaveStep(turned, now_ms), { _tag: 'LeaveStep' }, ...tells, ...counted(reason))
}

const skip = (state: ViewerState, now_ms: number): Decision => {
  const { next } = state
  const turned = next === undefined ? state : changed(state, next.reason, now_ms)
  const tells = next === undefined ? [] : [told(turned, next.name, next.reason), ...counted(next.reason)]
  return stay({ ...turned, pace: { ...turned.pace, switched_ms: now_ms, moved_ms: now_ms } }, ...tells, { _tag: 'Begin', skipping: true }, { _tag: 'Count', what: 'skipped' })
}
