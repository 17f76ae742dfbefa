import { describe, expect, it } from 'vitest'
import { ENDING_MS_MAX, MESSAGES_PER_S_MAX, QUEUE_MS_MAX, RAISE_AFTER_MS, RAISE_TRIAL_MS, SETTLE_MS, SLOW_MS, STALL_MS } from './limits.ts'
import { decideViewer } from './decideViewer.ts'
import { newViewer, type ViewerAction, type ViewerEvent, type ViewerState } from './viewerState.ts'

const choice = { ladder: ['source', '480p', '240p'], audio: 'audio' }

/** A viewer, its clock, and what was done about it. */
class Driven {
  state: ViewerState
  now_ms = 1_000
  readonly done: Array<ViewerAction> = []

  constructor(asked = 'auto') {
    this.state = newViewer(asked, this.now_ms)
  }

  take(event: ViewerEvent, after_ms = 0): ReadonlyArray<ViewerAction> {
    this.now_ms += after_ms
    const { state, actions } = decideViewer(this.state, event, this.now_ms)
    this.state = state
    this.done.push(...actions)
    return actions
  }

  /** Looks at the queue four times a second. */
  queue(bytes: number, lag_ms: number, for_ms: number, taken_bytes = 0): void {
    for (let time_ms = 0; time_ms < for_ms; time_ms += 250) this.take({ _tag: 'Queue', bytes, lag_ms, taken_bytes }, 250)
  }
}

const joined = (asked = 'auto'): Driven => {
  const viewer = new Driven(asked)
  viewer.take({ _tag: 'Choice', choice })
  viewer.take({ _tag: 'CaughtUp' })
  viewer.done.length = 0
  return viewer
}

const told = (actions: ReadonlyArray<ViewerAction>): ReadonlyArray<unknown> => actions.flatMap((action) => (action._tag === 'Tell' ? [action.message] : []))
const tags = (actions: ReadonlyArray<ViewerAction>): ReadonlyArray<string> => actions.map(({ _tag }) => _tag)

describe('a viewer', () => {
  it('waits for media, begins with the best rendition, and is in step once it has all there is', () => {
    const viewer = new Driven()
    expect(viewer.take({ _tag: 'CaughtUp' })).toEqual([])
    const begun = viewer.take({ _tag: 'Choice', choice })
    expect(told(begun)).toEqual([{ type: 'rendition', name: 'source', mode: 'auto', reason: 'start' }])
    expect(begun.at(-1)).toEqual({ _tag: 'Begin', skipping: false })
    expect(viewer.take({ _tag: 'CaughtUp' })).toEqual([{ _tag: 'EnterStep' }])
  })

  it('begins with the rendition that it asked for, and with the best behind an error where there is none of that name', () => {
    expect(told(new Driven('240p').take({ _tag: 'Choice', choice }))).toEqual([{ type: 'rendition', name: '240p', mode: 'fixed', reason: 'start' }])
    expect(told(new Driven('<b>').take({ _tag: 'Choice', choice }))).toEqual([
      { type: 'error', code: 'unknownRendition', message: 'the stream has no video rendition of that name' },
      { type: 'rendition', name: 'source', mode: 'auto', reason: 'start' }
    ])
  })

  it('gets another rendition with its next random-access fragment, sent to it alone', () => {
    const viewer = joined()
    expect(viewer.take({ _tag: 'Text', text: '{"type":"rendition","name":"480p"}' })).toEqual([])
    expect(viewer.take({ _tag: 'RandomAccess', name: 'source' })).toEqual([])
    const changed = viewer.take({ _tag: 'RandomAccess', name: '480p' })
    expect(tags(changed)).toEqual(['LeaveStep', 'Tell'])
    expect(told(changed)).toEqual([{ type: 'rendition', name: '480p', mode: 'fixed', reason: 'asked' }])
    expect(viewer.state).toMatchObject({ phase: 'Behind', rendition: '480p', next: undefined })
  })

  it('keeps its rendition when it asks for one that is not there, with an error', () => {
    const viewer = joined()
    expect(told(viewer.take({ _tag: 'Text', text: '{"type":"rendition","name":"4k"}' }))).toMatchObject([{ code: 'unknownRendition' }])
    expect(viewer.state).toMatchObject({ phase: 'InStep', rendition: 'source', asked: 'auto', next: undefined })
  })

  it('rejoins when a track of sound comes that was not there before', () => {
    const viewer = joined()
    expect(tags(viewer.take({ _tag: 'Choice', choice: { ...choice, audio: 'sound' } }))).toEqual(['LeaveStep'])
    expect(viewer.state.phase).toBe('Behind')
  })

  it('goes to the best that is left when its rendition goes', () => {
    const viewer = joined('240p')
    viewer.take({ _tag: 'Choice', choice: { ladder: ['source', '480p'], audio: 'audio' } })
    expect(viewer.state).toMatchObject({ asked: 'auto', next: { name: 'source', reason: 'start' } })
  })
})

describe('a slow viewer', () => {
  it('is lowered one rendition at a time in auto mode, with time between', () => {
    const viewer = joined()
    viewer.queue(500_000, SLOW_MS, SETTLE_MS + 250)
    expect(viewer.state.next).toEqual({ name: '480p', reason: 'slow' })
    viewer.take({ _tag: 'RandomAccess', name: '480p' })
    viewer.take({ _tag: 'CaughtUp' })
    viewer.take({ _tag: 'Queue', bytes: 500_000, lag_ms: SLOW_MS, taken_bytes: 0 }, 250)
    expect(viewer.state.next).toBeUndefined()
    viewer.queue(500_000, SLOW_MS, SETTLE_MS)
    expect(viewer.state.next).toEqual({ name: '240p', reason: 'slow' })
    expect(viewer.done).toContainEqual({ _tag: 'Count', what: 'lowered' })
  })

  it('is not lowered where it chose the rendition itself: it falls behind and skips', () => {
    const viewer = joined('source')
    viewer.queue(500_000, SLOW_MS, 5_000)
    expect(viewer.state.next).toBeUndefined()
    viewer.take({ _tag: 'Queue', bytes: 900_000, lag_ms: QUEUE_MS_MAX, taken_bytes: 0 })
    expect(viewer.state.phase).toBe('Behind')
    expect(tags(viewer.take({ _tag: 'Passed' }))).toEqual(['Begin', 'Count'])
    expect(viewer.state).toMatchObject({ phase: 'Behind', rendition: 'source' })
  })

  it('skips to the lower rendition that waits for it', () => {
    const viewer = joined()
    expect(tags(viewer.take({ _tag: 'Overflowed' }))).toEqual(['LeaveStep'])
    const skipped = viewer.take({ _tag: 'Passed' })
    expect(told(skipped)).toEqual([{ type: 'rendition', name: '480p', mode: 'auto', reason: 'slow' }])
    expect(tags(skipped)).toEqual(['Tell', 'Count', 'Begin', 'Count'])
  })

  it('skips at the lowest rendition', () => {
    const viewer = joined()
    for (const name of ['480p', '240p']) {
      viewer.take({ _tag: 'Overflowed' })
      viewer.take({ _tag: 'RandomAccess', name })
      viewer.take({ _tag: 'CaughtUp' })
    }
    viewer.take({ _tag: 'Overflowed' })
    const skipped = viewer.take({ _tag: 'Passed' })
    expect(tags(skipped)).toEqual(['Begin', 'Count'])
    expect(viewer.state.rendition).toBe('240p')
  })

  it('is cut when it is behind and reads nothing, and not while it reads', () => {
    const viewer = joined()
    viewer.take({ _tag: 'Overflowed' })
    for (let taken = 0; taken < 2 * STALL_MS; taken += 250) viewer.take({ _tag: 'Queue', bytes: 900_000, lag_ms: 5_000, taken_bytes: taken }, 250)
    expect(viewer.state.phase).toBe('Behind')
    viewer.queue(900_000, 5_000, STALL_MS - 250, 2 * STALL_MS - 250)
    expect(viewer.state.phase).toBe('Behind')
    viewer.queue(900_000, 5_000, 500, 2 * STALL_MS - 250)
    expect(tags(viewer.done.slice(-2))).toEqual(['Count', 'Cut'])
  })
})

describe('a viewer that is fast again', () => {
  const lowered = (): Driven => {
    const viewer = joined()
    viewer.take({ _tag: 'Overflowed' })
    viewer.take({ _tag: 'RandomAccess', name: '480p' })
    viewer.take({ _tag: 'CaughtUp' })
    return viewer
  }
  const raise = (viewer: Driven): void => {
    viewer.take({ _tag: 'RandomAccess', name: 'source' })
    viewer.take({ _tag: 'CaughtUp' })
  }

  it('is raised after a calm time, and each trace of a queue begins that anew', () => {
    const viewer = lowered()
    viewer.queue(0, 0, RAISE_AFTER_MS - 500)
    expect(viewer.state.next).toBeUndefined()
    viewer.take({ _tag: 'Queue', bytes: 1_000, lag_ms: 200, taken_bytes: 0 })
    viewer.queue(0, 0, RAISE_AFTER_MS - 500)
    expect(viewer.state.next).toBeUndefined()
    viewer.queue(0, 0, 500)
    expect(viewer.state.next).toEqual({ name: 'source', reason: 'recovered' })
    raise(viewer)
    expect(viewer.done).toContainEqual({ _tag: 'Count', what: 'raised' })
  })

  it('waits twice as long after each raise in vain, and as at first after one that lasted', () => {
    const viewer = lowered()
    for (const wait_ms of [RAISE_AFTER_MS, 2 * RAISE_AFTER_MS, 4 * RAISE_AFTER_MS]) {
      viewer.queue(0, 0, wait_ms - 500)
      expect(viewer.state.next).toBeUndefined()
      viewer.queue(0, 0, 750)
      raise(viewer)
      viewer.queue(500_000, SLOW_MS, SETTLE_MS + 250)
      expect(viewer.state.next).toEqual({ name: '480p', reason: 'slow' })
      viewer.take({ _tag: 'RandomAccess', name: '480p' })
      viewer.take({ _tag: 'CaughtUp' })
    }
    viewer.queue(0, 0, 8 * RAISE_AFTER_MS + 500)
    raise(viewer)
    viewer.queue(0, 0, RAISE_TRIAL_MS)
    viewer.take({ _tag: 'Queue', bytes: 500_000, lag_ms: SLOW_MS, taken_bytes: 0 })
    expect(viewer.state.pace.patience_ms).toBe(RAISE_AFTER_MS)
  })
})

describe('the end', () => {
  const over = { state: 'ended' } as const

  it('comes to viewers who wait for media at once, to others with the last fragment', () => {
    expect(tags(new Driven().take({ _tag: 'Ended', over }))).toEqual(['Tell', 'Close'])
    const inStep = joined()
    expect(tags(inStep.take({ _tag: 'Ended', over }))).toEqual(['LeaveStep'])
    expect(tags(inStep.take({ _tag: 'CaughtUp' }))).toEqual(['Tell', 'Close'])
    const behind = joined()
    behind.take({ _tag: 'Overflowed' })
    expect(behind.take({ _tag: 'Ended', over })).toEqual([])
    const last = behind.take({ _tag: 'CaughtUp' })
    expect(told(last)).toEqual([{ type: 'state', state: 'ended' }])
    expect(last.at(-1)).toMatchObject({ _tag: 'Close', code: 1000 })
  })

  it('does not wait for ever for who reads slowly', () => {
    const behind = joined()
    behind.take({ _tag: 'Overflowed' })
    behind.take({ _tag: 'Ended', over })
    for (let taken = 1; taken < 1_000 && behind.state.phase !== 'Over'; taken++) behind.take({ _tag: 'Queue', bytes: 900_000, lag_ms: 5_000, taken_bytes: taken }, 250)
    expect(behind.now_ms).toBeLessThanOrEqual(1_000 + ENDING_MS_MAX + 250)
    expect(behind.done.at(-1)).toEqual({ _tag: 'Cut' })
  })
})

describe('what a viewer says', () => {
  it.each([
    ['no JSON', 'hello'],
    ['an unknown type', '{"type":"seek"}'],
    ['a name that is no text', '{"type":"rendition","name":7}'],
    ['more than a kilobyte', JSON.stringify({ type: 'rendition', name: 'x'.repeat(1_024) })]
  ])('is answered with an error and 4400 when it is %s', (_, text) => {
    const answered = joined().take({ _tag: 'Text', text })
    expect(told(answered)).toMatchObject([{ type: 'error', code: 'badMessage' }])
    expect(answered.at(-1)).toMatchObject({ _tag: 'Close', code: 4400 })
  })

  it('is answered with an error and 4400 when it is binary, or too much in a second', () => {
    expect(joined().take({ _tag: 'Binary' }).at(-1)).toMatchObject({ _tag: 'Close', code: 4400 })
    const viewer = joined()
    for (let second = 0; second < 3; second++) {
      for (let message = 0; message < MESSAGES_PER_S_MAX; message++) expect(told(viewer.take({ _tag: 'Text', text: '{"type":"ping"}' }))).toEqual([{ type: 'pong' }])
      viewer.now_ms += 1_000
    }
    for (let message = 0; message < MESSAGES_PER_S_MAX; message++) viewer.take({ _tag: 'Text', text: '{"type":"ping"}' })
    expect(told(viewer.take({ _tag: 'Text', text: '{"type":"ping"}' }))).toMatchObject([{ code: 'tooManyMessages' }])
  })
})
