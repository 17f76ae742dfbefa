import { expect, test } from 'vitest'
import { RENEW_MS, REST_MS_MAX } from './limits.ts'
import { failed, forget, nextDue, type Plan, renew, show, taken } from './plan.ts'

const nothing: Plan<string> = new Map()

test('what comes into sight is due at once, in the order of coming', () => {
  expect(nextDue(show(show(nothing, 'a', true), 'b', true))?.key).toBe('a')
})

test('a picture is renewed only when it is old enough, those that have none yet come first', () => {
  const plan = taken(show(nothing, 'a', true), 'a', 1_000)
  expect(nextDue(plan)).toEqual({ key: 'a', dueAt_ms: 1_000 + RENEW_MS })
  expect(nextDue(show(plan, 'b', true))?.key).toBe('b')
})

test('nothing is taken out of sight, and scrolling back and forth renews nothing sooner', () => {
  const away = show(taken(show(nothing, 'a', true), 'a', 1_000), 'a', false)
  expect(nextDue(away)).toBeUndefined()
  expect(nextDue(show(away, 'a', true))?.dueAt_ms).toBe(1_000 + RENEW_MS)
})

test('everybody in sight gets a turn', () => {
  let plan = ['a', 'b', 'c'].reduce((known, key) => show(known, key, true), nothing)
  const turns = Array.from({ length: 6 }, (_, turn) => {
    const key = nextDue(plan)?.key ?? ''
    plan = taken(plan, key, turn * RENEW_MS)
    return key
  })
  expect(turns).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

test('a picture that cannot be had rests longer each time, but not for ever, and begins anew once it was had', () => {
  let plan = show(nothing, 'a', true)
  const rests = Array.from({ length: 8 }, () => {
    plan = failed(plan, 'a', 0)
    return nextDue(plan)?.dueAt_ms ?? 0
  })
  expect(rests).toEqual([...rests].sort((one, other) => one - other))
  expect([rests[0], rests.at(-1)]).toEqual([RENEW_MS / 4, REST_MS_MAX])
  expect(nextDue(failed(taken(plan, 'a', 0), 'a', 0))?.dueAt_ms).toBe(RENEW_MS / 4)
})

test('a picture that can be had again is due at once, if it is in sight', () => {
  const failing = failed(show(show(nothing, 'a', true), 'b', false), 'a', 0)
  expect(nextDue(renew(renew(failing, 'a'), 'b'))).toEqual({ key: 'a', dueAt_ms: Number.NEGATIVE_INFINITY })
})

test('what is wanted no more is not taken, and an answer that comes late for it changes nothing', () => {
  const plan = forget(show(nothing, 'a', true), 'a')
  expect([nextDue(plan), taken(plan, 'a', 0).size, failed(plan, 'a', 0).size]).toEqual([undefined, 0, 0])
})
