import { expect, test } from 'vitest'
import { decide, longestPause_ms, opened, type Session, type SessionEvent } from './session.ts'

const after = (events: ReadonlyArray<readonly [SessionEvent, number]>, from: Session = opened) =>
  events.reduce((decision, [event, now_ms]) => decide(decision.session, event, now_ms), decide(from, 'waiting', 0))

test('plays, stalls and plays again without opening anything anew', () => {
  const { session, actions } = after([['playing', 0], ['waiting', 100], ['playing', 200]])
  expect(session.phase).toBe('playing')
  expect(actions).toEqual([])
})

test('waiting before the first picture is still loading', () => {
  expect(after([['waiting', 10]]).session.phase).toBe('loading')
})

test('a first decoding failure is healed in place, the next one by opening anew', () => {
  expect(after([['playing', 0], ['mediaFailed', 1]]).actions).toEqual([{ kind: 'recoverMedia' }])
  expect(after([['playing', 0], ['mediaFailed', 1], ['mediaFailed', 2]]).actions).toEqual([{ kind: 'retryLater', after_ms: 1000 }])
})

test('pauses grow between failures and stay bounded, however many there are', () => {
  let session = opened
  const pauses: Array<number> = []
  for (let n = 0; n < 12; n++) {
    const decision = decide(session, 'networkFailed', n)
    session = decide(decision.session, 'retry', n).session
    for (const action of decision.actions) if (action.kind === 'retryLater') pauses.push(action.after_ms)
  }
  expect(pauses.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 8000])
  expect(pauses.length).toBe(12)
  expect(Math.max(...pauses)).toBe(longestPause_ms)
})

test('a pause that is over opens the stream, unless it plays again already', () => {
  expect(after([['networkFailed', 0], ['retry', 500]]).actions).toEqual([{ kind: 'open' }])
  expect(after([['networkFailed', 0], ['playing', 400], ['retry', 500]]).actions).toEqual([])
})

test('playing well for ten seconds forgives earlier failures', () => {
  const troubled = after([['networkFailed', 0], ['networkFailed', 1], ['playing', 2]])
  expect(after([['networkFailed', 5_000]], troubled.session).session.attempts).toBe(3)
  expect(after([['networkFailed', 12_002]], troubled.session).session.attempts).toBe(1)
})

test('a stream that has not shown a picture yet is loading, however often it fails', () => {
  expect(after([['networkFailed', 0], ['retry', 500], ['networkFailed', 600]]).session.phase).toBe('loading')
  expect(after([['playing', 0], ['networkFailed', 1]]).session.phase).toBe('recovering')
})

test('a way of playing that is left for another costs no pause, and does not count as an attempt', () => {
  const { session, actions } = after([['playing', 0], ['pathLeft', 100]])
  expect(actions).toEqual([{ kind: 'open' }])
  expect(session).toMatchObject({ phase: 'stalled', attempts: 0 })
})

test('what has ended stays ended', () => {
  expect(after([['ended', 0], ['networkFailed', 1], ['playing', 2]]).session.phase).toBe('ended')
})
