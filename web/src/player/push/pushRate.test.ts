import fc from 'fast-check'
import { expect, test } from 'vitest'
import { adaptRate, beginRate, lowestTargets_s, type PushRate, raiseTarget } from './pushRate.ts'

const lowestTarget_s = lowestTargets_s.withSound

interface World {
  /** Media ahead of the picture at the start, in seconds. */
  readonly ahead_s: number
  /** How much media comes at a time. */
  readonly chunk_ms: number
  readonly for_s: number
  readonly state?: PushRate
}

interface Lived {
  readonly state: PushRate
  /** The least ahead in the last two seconds. */
  readonly least_s: number
  readonly changes: number
  readonly stalls: number
  readonly leaps_s: ReadonlyArray<number>
}

/** A playback in a world where media comes in chunks of one size; looked at every 50 ms and before each chunk. */
const live = ({ ahead_s, chunk_ms, for_s, state = beginRate(0, lowestTarget_s) }: World): Lived => {
  let [now, ahead, changes, stalls, least_s] = [state, ahead_s, 0, 0, Number.POSITIVE_INFINITY]
  const leaps_s: Array<number> = []
  for (let ms = 0; ms < for_s * 1000; ms += 10) {
    ahead = Math.max(0, ahead - 0.01 * now.rate)
    if (ahead === 0) stalls++
    if (ms > (for_s - 2) * 1000) least_s = Math.min(least_s, ahead)
    if (ms % 50 === 0 || ms % chunk_ms === 0) {
      const decision = adaptRate(now, ahead, ms)
      if (decision.state.rate !== now.rate) changes++
      if (decision.leap_s > 0) leaps_s.push(decision.leap_s)
      now = decision.state
      ahead -= decision.leap_s
    }
    if (ms % chunk_ms === 0) ahead += chunk_ms / 1000
  }
  return { state: now, least_s, changes, stalls, leaps_s }
}

test.each([30, 100, 250])('comes close behind the newest and stays there without a stall, with chunks of %d ms', (chunk_ms) => {
  const { least_s, stalls, state } = live({ ahead_s: 1.2, chunk_ms, for_s: 20 })
  expect(stalls).toBe(0)
  expect(least_s).toBeGreaterThan(lowestTarget_s - 0.05)
  expect(least_s).toBeLessThan(lowestTarget_s + 0.1)
  expect(state.rate).toBe(1)
})

test('changes its rate twice on its way from a second behind', () => {
  expect(live({ ahead_s: 1.1, chunk_ms: 100, for_s: 20 }).changes).toBeLessThanOrEqual(3)
})

test('leaps where catching up would take too long, and to where it wants to be', () => {
  const { leaps_s, least_s, stalls } = live({ ahead_s: 6, chunk_ms: 100, for_s: 10 })
  expect(leaps_s.length).toBe(1)
  expect(stalls).toBe(0)
  expect(least_s).toBeLessThan(lowestTarget_s + 0.15)
})

test('plays at its own speed where it should be', () => {
  expect(live({ ahead_s: 0.15, chunk_ms: 100, for_s: 10 }).changes).toBe(0)
})

test('a stall raises the target, and a calm time brings it back', () => {
  const raised = [0, 0, 0, 0, 0].reduce(raiseTarget, beginRate(0, lowestTarget_s))
  expect(raised.target_s).toBeCloseTo(lowestTarget_s + 0.2)
  expect(live({ ahead_s: 0.4, chunk_ms: 100, for_s: 44, state: raised }).state.target_s).toBeCloseTo(lowestTarget_s + 0.2)
  expect(live({ ahead_s: 0.4, chunk_ms: 100, for_s: 120, state: raised }).state.target_s).toBeCloseTo(lowestTarget_s)
})

test('the target is bounded, however often it stalls', () => {
  let state = beginRate(0, lowestTarget_s)
  for (let n = 0; n < 50; n++) state = raiseTarget(state, n)
  expect(state.target_s).toBeLessThanOrEqual(0.7)
})

test('whatever is ahead, it never leaps further than there is media, nor plays at another rate than it knows', () => {
  const looks = fc.array(fc.record({ ahead_s: fc.double({ min: 0, max: 30, noNaN: true }), after_ms: fc.integer({ min: 0, max: 2_000 }) }), { maxLength: 100 })
  fc.assert(
    fc.property(looks, (seen) => {
      let [state, now_ms] = [beginRate(0, lowestTarget_s), 0]
      for (const { ahead_s, after_ms } of seen) {
        now_ms += after_ms
        const decision = adaptRate(state, ahead_s, now_ms)
        state = decision.state
        expect(decision.leap_s).toBeLessThanOrEqual(ahead_s)
        expect([1, 1.1, 1.2]).toContain(state.rate)
      }
    }),
  )
})
