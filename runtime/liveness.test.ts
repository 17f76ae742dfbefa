import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BEATS_PER_LEASE, isGone, isHealthy, type Liveness, liveNodes, newLiveness, renewed, sawNode } from './liveness.ts'

const LEASE_MS = 1_000
const BEAT_MS = LEASE_MS / BEATS_PER_LEASE

interface Run {
  readonly from_ms: number
  readonly until_ms: number
  /** Offset of the other's heartbeats from ours. */
  readonly phase_ms: number
  /** While NATS is away or this process stands still, no heartbeat is seen; both sides come back this late after it. */
  readonly outage: { readonly from_ms: number; readonly length_ms: number; readonly back_ms: number; readonly otherBack_ms: number }
  readonly otherDies_ms: number
}

/** Plays heartbeats of this node and of another and gives every time at which the other was declared gone. */
const declaredGone = (run: Run): ReadonlyArray<number> => {
  const { from_ms, length_ms, back_ms, otherBack_ms } = run.outage
  const seenAt = (sent_ms: number, late_ms: number): boolean => sent_ms < from_ms || sent_ms >= from_ms + length_ms + late_ms
  const events: Array<{ readonly at_ms: number; readonly own: boolean }> = []
  for (let at_ms = run.from_ms; at_ms < run.until_ms; at_ms += BEAT_MS) {
    if (seenAt(at_ms, back_ms)) events.push({ at_ms, own: true })
    const other_ms = at_ms + run.phase_ms
    if (other_ms < run.otherDies_ms && seenAt(other_ms, otherBack_ms)) events.push({ at_ms: other_ms, own: false })
  }
  const gone: Array<number> = []
  let state: Liveness = newLiveness(LEASE_MS)
  for (let at_ms = run.from_ms; at_ms < run.until_ms; at_ms += 10) {
    while (events[0] !== undefined && events.sort((a, b) => a.at_ms - b.at_ms)[0] !== undefined && (events[0]?.at_ms ?? 0) <= at_ms) {
      const event = events.shift()
      if (event?.own === true) state = renewed(sawNode(state, 'me', 'mine', event.at_ms), event.at_ms)
      else if (event !== undefined) state = sawNode(state, 'other', 'x', event.at_ms)
    }
    if (isGone(state, 'other', 'x', run.from_ms, at_ms)) gone.push(at_ms)
  }
  return gone
}

const outage = fc.record({
  from_ms: fc.integer({ min: 3_000, max: 4_000 }),
  length_ms: fc.integer({ min: 0, max: 4_000 }),
  back_ms: fc.integer({ min: 0, max: 190 }),
  otherBack_ms: fc.integer({ min: 0, max: 190 })
})
const phase_ms = fc.integer({ min: 0, max: BEAT_MS - 1 })

it('an outage of any length never makes another node gone', () => {
  fc.assert(fc.property(outage, phase_ms, (away, phase) => {
    expect(declaredGone({ from_ms: 0, until_ms: 10_000, phase_ms: phase, outage: away, otherDies_ms: 99_000 })).toEqual([])
  }), { numRuns: 300 })
})

it('a node that dies is gone after a lease, and not before', () => {
  fc.assert(fc.property(phase_ms, fc.integer({ min: 4_000, max: 5_000 }), (phase, dies_ms) => {
    const none = { from_ms: 99_000, length_ms: 0, back_ms: 0, otherBack_ms: 0 }
    const [first] = declaredGone({ from_ms: 0, until_ms: 8_000, phase_ms: phase, outage: none, otherDies_ms: dies_ms })
    expect(first).toBeGreaterThanOrEqual(dies_ms + LEASE_MS - BEAT_MS - 10)
    expect(first).toBeLessThanOrEqual(dies_ms + LEASE_MS + 20)
  }), { numRuns: 100 })
})

it('a process that stood still trusts nothing it has not seen, before it has heard itself for a lease again', () => {
  let state = newLiveness(LEASE_MS)
  for (let at_ms = 0; at_ms <= 4_000; at_ms += BEAT_MS) state = sawNode(renewed(state, at_ms), 'other', 'x', at_ms)
  expect(isHealthy(state, 4_100)).toBe(true)
  expect(isGone(state, 'other', 'x', 0, 4_000 + LEASE_MS)).toBe(false)
  state = renewed(state, 9_000)
  expect(isGone(state, 'other', 'x', 0, 9_001)).toBe(false)
})

it('the process before a restart under the same name is gone at once; one that was never heard of gets a lease', () => {
  let state = newLiveness(LEASE_MS)
  state = sawNode(state, 'other', 'old', 0)
  for (let at_ms = 0; at_ms <= 4_000; at_ms += BEAT_MS) state = renewed(state, at_ms)
  state = sawNode(state, 'other', 'new', 4_050)
  expect(isGone(state, 'other', 'old', 0, 4_060)).toBe(true)
  expect(isGone(state, 'other', 'new', 0, 4_060)).toBe(false)
  expect(isGone(state, 'stranger', 'x', 4_050, 4_060)).toBe(false)
  expect(liveNodes(state, 4_060)).toEqual(['other'])
})
