import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decideRestart, supervisor, type SupervisorSpec } from './supervision.ts'

const spec: SupervisorSpec = { strategy: 'OneForOne', restarts: 5, period_ms: 60_000, pause_ms: 200, pauseMax_ms: 1_000 }

it('one-for-one restarts the child that died, one-for-all all of them', () => {
  const children = supervisor('a', 'b', 'c')
  expect(decideRestart(spec, children, { child: 'b', reason: 'gone', progressed: false }, 0).step).toEqual({ _tag: 'Restart', children: ['b'], after_ms: 0 })
  expect(decideRestart({ ...spec, strategy: 'OneForAll' }, children, { child: 'b', reason: 'gone', progressed: false }, 0).step).toEqual({ _tag: 'Restart', children: ['a', 'b', 'c'], after_ms: 0 })
})

it('pauses for longer from restart to restart, up to the most, and then says why it gives up', () => {
  let state = supervisor('a')
  const steps = Array.from({ length: 6 }, (_, i) => {
    const next = decideRestart(spec, state, { child: 'a', reason: `reason ${i}`, progressed: false }, i * 1_000)
    state = next.state
    return next.step
  })
  expect(steps.slice(0, 5).map((step) => step._tag === 'Restart' && step.after_ms)).toEqual([0, 200, 400, 800, 1_000])
  expect(steps[5]).toEqual({ _tag: 'Escalate', reason: 'a died 6 times in 60 s; the last time: reason 5' })
})

it('never restarts in vain more often in a period than it may, and never gives up on rarer deaths, nor after progress', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.constantFrom(false, false, false, true)), { maxLength: 60 }), (deaths) => {
    let state = supervisor('a')
    let now_ms = 0
    let restarts: Array<number> = []
    for (const [gap, progressed] of deaths) {
      now_ms += gap
      const { state: next, step } = decideRestart(spec, state, { child: 'a', reason: 'x', progressed }, now_ms)
      state = next
      if (progressed) {
        restarts = []
        expect(step._tag === 'Restart' && step.after_ms).toBeLessThanOrEqual(spec.pause_ms)
        continue
      }
      const recent = restarts.filter((at_ms) => now_ms - at_ms < spec.period_ms).length
      expect(step._tag).toBe(recent >= spec.restarts ? 'Escalate' : 'Restart')
      if (step._tag === 'Restart') restarts.push(now_ms)
    }
  }))
})
