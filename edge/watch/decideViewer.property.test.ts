import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decideViewer } from './decideViewer.ts'
import { newViewer, type ViewerAction, type ViewerEvent, type ViewerState } from './viewerState.ts'

const names = ['source', '720p', '480p', '240p']
const name = fc.constantFrom(...names)

const choices: fc.Arbitrary<ViewerEvent> = fc.record({
  _tag: fc.constant('Choice' as const),
  choice: fc.record({ ladder: fc.subarray(names), audio: fc.constantFrom('audio', undefined) })
})

const events: fc.Arbitrary<ViewerEvent> = fc.oneof(
  { arbitrary: choices, weight: 5 },
  { arbitrary: fc.constantFrom<ViewerEvent>({ _tag: 'CaughtUp' }, { _tag: 'CaughtUp' }, { _tag: 'Overflowed' }, { _tag: 'Passed' }), weight: 30 },
  { arbitrary: name.map((at): ViewerEvent => ({ _tag: 'RandomAccess', name: at })), weight: 20 },
  { arbitrary: fc.record({ _tag: fc.constant('Queue' as const), bytes: fc.integer({ min: 0, max: 2_000_000 }), lag_ms: fc.integer({ min: 0, max: 3_000 }), taken_bytes: fc.integer({ min: -2_000_000, max: 2_000_000 }) }), weight: 40 },
  { arbitrary: fc.constantFrom<ViewerEvent>({ _tag: 'Text', text: '{"type":"rendition","name":"auto"}' }, { _tag: 'Text', text: '{"type":"rendition","name":"480p"}' }, { _tag: 'Text', text: '{"type":"ping"}' }, { _tag: 'Text', text: '?' }), weight: 5 },
  { arbitrary: fc.constantFrom<ViewerEvent>({ _tag: 'Binary' }, { _tag: 'Crowded' }, { _tag: 'Ended', over: { state: 'ended' } }, { _tag: 'Refused', code: 1001, reason: 'away' }), weight: 1 }
)

const lives = fc.record({
  asked: fc.constantFrom('auto', 'auto', '480p', 'nonsense'),
  first: choices,
  rest: fc.array(fc.record({ event: events, after_ms: fc.integer({ min: 0, max: 3_000 }) }), { maxLength: 120 })
})

interface Step {
  readonly before: ViewerState
  readonly event: ViewerEvent
  readonly after: ViewerState
  readonly actions: ReadonlyArray<ViewerAction>
}

const live = ({ asked, first, rest }: { readonly asked: string; readonly first: ViewerEvent; readonly rest: ReadonlyArray<{ readonly event: ViewerEvent; readonly after_ms: number }> }): ReadonlyArray<Step> => {
  let now_ms = 0
  let state = newViewer(asked, now_ms)
  return [{ event: first, after_ms: 0 }, ...rest].map(({ event, after_ms }) => {
    now_ms += after_ms
    const before = state
    const decision = decideViewer(before, event, now_ms)
    state = decision.state
    return { before, event, after: state, actions: decision.actions }
  })
}

const has = (actions: ReadonlyArray<ViewerAction>, tag: ViewerAction['_tag']): boolean => actions.some(({ _tag }) => _tag === tag)
const toldName = (actions: ReadonlyArray<ViewerAction>): string | undefined =>
  actions.flatMap((action) => (action._tag === 'Tell' && action.message.type === 'rendition' ? [action.message.name] : [])).at(-1)

it('enters and leaves step in turn, and does nothing once it is over', () => {
  fc.assert(fc.property(lives, (life) => {
    let inStep = false
    for (const { before, after, actions } of live(life)) {
      if (before.phase === 'Over') expect(actions).toEqual([])
      for (const { _tag } of actions) {
        if (_tag === 'EnterStep') expect(inStep).toBe(false)
        if (_tag === 'LeaveStep') expect(inStep).toBe(true)
        if (_tag === 'EnterStep' || _tag === 'LeaveStep') inStep = _tag === 'EnterStep'
      }
      expect(after.phase === 'InStep').toBe(inStep)
      expect(has(actions, 'Close') || has(actions, 'Cut')).toBe(before.phase !== 'Over' && after.phase === 'Over')
    }
  }))
})

it('never gets another rendition without being told, and is sent it only one by one', () => {
  fc.assert(fc.property(lives, (life) => {
    for (const { before, after, actions } of live(life)) {
      if (after.rendition === before.rendition) continue
      expect(toldName(actions)).toBe(after.rendition)
      expect(after.phase).toBe('Behind')
      if (before.phase === 'InStep') expect(actions[0]).toEqual({ _tag: 'LeaveStep' })
    }
  }))
})

it('is changed by the edge only in auto mode, and skips only when what it needs is gone', () => {
  let changes = 0
  fc.assert(fc.property(lives, (life) => {
    for (const { before, event, after, actions } of live(life)) {
      if (has(actions, 'Begin')) expect(['Passed', 'Choice']).toContain(event._tag)
      if (before.next !== after.next && (after.next?.reason === 'slow' || after.next?.reason === 'recovered')) {
        changes += 1
        expect(after.asked).toBe('auto')
        const { ladder } = after.choice
        const [from, to] = [ladder.indexOf(after.rendition ?? ''), ladder.indexOf(after.next.name)]
        expect(to - from).toBe(after.next.reason === 'slow' ? 1 : -1)
      }
    }
  }))
  expect(changes).toBeGreaterThan(10)
})

it('always gets a rendition that is there, or has one of them next', () => {
  fc.assert(fc.property(lives, (life) => {
    for (const { after } of live(life)) {
      if (after.phase === 'Over' || after.phase === 'Waiting' || after.choice.ladder.length === 0) continue
      expect(after.choice.ladder).toContain(after.choice.ladder.includes(after.rendition ?? '') ? after.rendition : after.next?.name)
    }
  }))
})
