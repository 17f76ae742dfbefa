import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ArchiveMessage, type ArchiveState, decide, type Dependency, initialArchive, mayTake, openDependencies } from './archive.ts'
import { BREAKER_FAILURES_MAX, BREAKER_OPEN_MS, BREAKER_OPEN_MS_MAX, DAMAGE_ATTEMPTS_MAX, DAMAGED_REMEMBERED_MAX, PROBE_WAIT_MS, RETRY_MS_MAX } from './limits.ts'

const received = (task: string): ArchiveMessage => ({ _tag: 'Received', task, jitter: 0 })
const unavailable = (task: string, dependency: Dependency = 'store'): ArchiveMessage => ({ _tag: 'Unavailable', task, dependency, deliveries: 1, jitter: 0 })
const damaged = (task: string): ArchiveMessage => ({ _tag: 'Damaged', task, reason: 'torn', deliveries: 1, jitter: 0 })

const after = (messages: ReadonlyArray<ArchiveMessage>, now_ms: number, from: ArchiveState = initialArchive): ArchiveState =>
  messages.reduce((state, message) => decide(state, message, now_ms).state, from)
const broken = (now_ms: number): ArchiveState => after(Array.from({ length: BREAKER_FAILURES_MAX }, () => unavailable('a')), now_ms)

describe('an archive worker', () => {
  it('archives what it gets and acknowledges what is done', () => {
    expect(decide(initialArchive, received('a'), 0).action).toEqual({ _tag: 'Work' })
    for (const result of ['Archived', 'Repeated', 'Ignored', 'GivenUp'] as const) {
      expect(decide(initialArchive, { _tag: result, task: 'a' }, 0).action).toEqual({ _tag: 'Ack' })
    }
  })

  it('waits longer with each delivery, within a bound', () => {
    const delays = [1, 2, 3, 10, 1_000].map((deliveries) => decide(initialArchive, { _tag: 'Unavailable', task: 'a', dependency: 'store', deliveries, jitter: 1 }, 0).action)
    expect(delays).toEqual([200, 400, 800, RETRY_MS_MAX, RETRY_MS_MAX].map((delay_ms) => ({ _tag: 'RetryIn', delay_ms })))
  })

  it('leaves a dependency alone after failures in a row, and lets nothing through meanwhile', () => {
    const state = broken(1_000)
    expect(decide(state, received('b'), 1_000 + BREAKER_OPEN_MS - 1).action).toMatchObject({ _tag: 'RetryIn', delay_ms: 1 })
  })

  it('lets one task find out whether the dependency is back', () => {
    const { state, action } = decide(broken(0), received('b'), BREAKER_OPEN_MS)
    expect(action).toEqual({ _tag: 'Work' })
    expect(decide(state, received('c'), BREAKER_OPEN_MS).action).toEqual({ _tag: 'RetryIn', delay_ms: PROBE_WAIT_MS })
    const back = after([{ _tag: 'Archived', task: 'b' }], BREAKER_OPEN_MS, state)
    expect(decide(back, received('c'), BREAKER_OPEN_MS).action).toEqual({ _tag: 'Work' })
  })

  it('leaves it alone for longer each time the probe fails, within a bound', () => {
    let state = broken(0)
    const waits: Array<number> = []
    for (let probe = 0; probe < 8; probe += 1) {
      const now_ms = state.breakers.store.openUntil_ms
      state = after([received('b'), unavailable('b')], now_ms, state)
      waits.push(state.breakers.store.openUntil_ms - now_ms)
    }
    expect(waits.slice(0, 3)).toEqual([2 * BREAKER_OPEN_MS, 4 * BREAKER_OPEN_MS, 8 * BREAKER_OPEN_MS])
    expect(Math.max(...waits)).toBe(BREAKER_OPEN_MS_MAX)
  })

  it('takes nothing from the queue while a dependency is left alone, and then one task until that has found out', () => {
    const state = broken(0)
    expect(openDependencies(state)).toEqual(['store'])
    expect(mayTake(state, BREAKER_OPEN_MS - 1)).toBe(false)
    expect(mayTake(state, BREAKER_OPEN_MS)).toBe(true)
    const probing = decide(state, received('b'), BREAKER_OPEN_MS).state
    expect(mayTake(probing, BREAKER_OPEN_MS)).toBe(false)
    expect(mayTake(after([unavailable('b')], BREAKER_OPEN_MS, probing), BREAKER_OPEN_MS)).toBe(false)
    const back = after([{ _tag: 'Archived', task: 'b' }], BREAKER_OPEN_MS, probing)
    expect([mayTake(back, BREAKER_OPEN_MS), openDependencies(back)]).toEqual([true, []])
  })

  it('comes back to what has to wait for others, later each time, and calls no dependency broken for it', () => {
    const waiting = (deliveries: number): ArchiveMessage => ({ _tag: 'Waiting', task: 'a', deliveries, jitter: 1 })
    expect([1, 2, 3, 99].map((deliveries) => decide(initialArchive, waiting(deliveries), 0).action)).toEqual(
      [200, 400, 800, RETRY_MS_MAX].map((delay_ms) => ({ _tag: 'RetryIn', delay_ms }))
    )
    expect(openDependencies(after(Array.from({ length: 50 }, () => waiting(1)), 0))).toEqual([])
    // Whoever waited was not at the store, and does not say that it is back.
    const probe = decide(broken(0), received('a'), BREAKER_OPEN_MS).state
    expect(openDependencies(after([waiting(1)], BREAKER_OPEN_MS, probe))).toEqual(['store'])
    expect(mayTake(after([waiting(1)], BREAKER_OPEN_MS, probe), BREAKER_OPEN_MS)).toBe(true)
  })

  it('does not take a repeated task for a sign that the object store is back', () => {
    const state = after([{ _tag: 'Repeated', task: 'x' }], 0, broken(0))
    expect(state.breakers.store.failures).toBe(BREAKER_FAILURES_MAX)
  })

  it('gives a damaged task up only when it was found damaged several times', () => {
    let state = initialArchive
    const actions: Array<string> = []
    for (let time = 0; time < DAMAGE_ATTEMPTS_MAX; time += 1) {
      const decision = decide(state, damaged('a'), 0)
      state = decision.state
      actions.push(decision.action._tag)
    }
    expect(actions).toEqual([...Array.from({ length: DAMAGE_ATTEMPTS_MAX - 1 }, () => 'RetryIn'), 'GiveUp'])
    expect(after([{ _tag: 'GivenUp', task: 'a' }], 0, state).damaged.size).toBe(0)
  })

  it('counts an outage never as damage', () => {
    const state = after([damaged('a'), ...Array.from({ length: 50 }, () => unavailable('a'))], 0)
    expect(decide(state, damaged('a'), 0).action._tag).toBe('RetryIn')
  })

  it('remembers a bounded number of damaged tasks', () => {
    const state = after(Array.from({ length: DAMAGED_REMEMBERED_MAX + 10 }, (_, index) => damaged(`s${index}`)), 0)
    expect(state.damaged.size).toBe(DAMAGED_REMEMBERED_MAX)
    expect(state.damaged.has('s0')).toBe(false)
  })

  it('never stops for good: whatever happened, a task is archived within a bounded time once all is well', () => {
    const task = fc.constantFrom('a', 'b', 'c')
    const dependency = fc.constantFrom<Dependency>('log', 'store', 'database')
    const jitter = fc.double({ min: 0, max: 0.999, noNaN: true })
    const message = fc.oneof(
      fc.record({ _tag: fc.constant('Received' as const), task, jitter }),
      fc.record({ _tag: fc.constantFrom('Archived' as const, 'Repeated' as const, 'Ignored' as const), task }),
      fc.record({ _tag: fc.constant('Unavailable' as const), task, dependency, deliveries: fc.nat(40), jitter })
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(message, fc.nat(5_000)), { maxLength: 60 }), (history) => {
        let now_ms = 0
        let state = initialArchive
        const working = new Set<string>()
        for (const [happened, wait_ms] of history) {
          now_ms += wait_ms
          if (happened._tag === 'Received' ? working.has(happened.task) : !working.has(happened.task)) continue
          const decision = decide(state, happened, now_ms)
          state = decision.state
          if (decision.action._tag === 'Work') working.add(happened.task)
          else working.delete(happened.task)
        }
        for (const held of working) state = decide(state, { _tag: 'Archived', task: held }, now_ms).state
        const deadline_ms = now_ms + BREAKER_OPEN_MS_MAX + 2 * PROBE_WAIT_MS
        for (;;) {
          const { state: next, action } = decide(state, received('z'), now_ms)
          if (action._tag === 'Work') return
          state = next
          now_ms += action._tag === 'RetryIn' ? action.delay_ms : 0
          expect(now_ms).toBeLessThanOrEqual(deadline_ms)
        }
      })
    )
  })
})
