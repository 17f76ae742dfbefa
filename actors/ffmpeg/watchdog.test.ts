import { expect, it } from 'vitest'
import { asleepFor, hangReason, hasWork, waitingWithoutPause } from './watchdog.ts'
import type { Progress } from './watchdog.ts'

const limits = { stalled_ms: 1_000, firstOutput_ms: 5_000, asleep_ms: 500, asleepFrames: 4 }

const idle: Progress = {
  waitingSince_ms: undefined,
  lastInput_ms: undefined,
  lastOutput_ms: undefined,
  queuedBytes: 0,
  ended_ms: undefined,
  asleep_ms: 0,
  frames: 0,
}

it('leaves a child alone that has nothing to do', () => {
  expect(hangReason(idle, 1e9, limits)).toBeUndefined()
})

it('leaves a child alone whose source stalls, however long', () => {
  const stalled = { ...idle, waitingSince_ms: 100, lastInput_ms: 120, lastOutput_ms: 90 }
  expect(hangReason(stalled, 1e9, limits)).toBeUndefined()
})

it('blames a child that gives nothing while input goes on coming', () => {
  const silent = { ...idle, waitingSince_ms: 100, lastInput_ms: 1_099, lastOutput_ms: 90 }
  expect(hangReason(silent, 1_100, limits)).toBeUndefined()
  expect(hangReason({ ...silent, lastInput_ms: 1_100 }, 1_100, limits)).toContain('while input came')
})

it('blames a child that does not take what waits', () => {
  const stuck = { ...idle, waitingSince_ms: 100, lastInput_ms: 100, lastOutput_ms: 90, queuedBytes: 1 }
  expect(hangReason(stuck, 1_099, limits)).toBeUndefined()
  expect(hangReason(stuck, 1_100, limits)).toContain('while input came')
})

it('blames a child that never gave anything', () => {
  const half = { ...idle, waitingSince_ms: 100, lastInput_ms: 100 }
  expect(hangReason(half, 5_099, limits)).toBeUndefined()
  expect(hangReason(half, 5_100, limits)).toContain('after its first input')
})

it('blames a child that does not finish, unless it is still giving', () => {
  const ended = { ...idle, lastOutput_ms: 90, ended_ms: 100 }
  expect(hangReason(ended, 1_099, limits)).toBeUndefined()
  expect(hangReason(ended, 1_100, limits)).toContain('did not finish')
  expect(hangReason({ ...ended, lastOutput_ms: 900 }, 1_100, limits)).toBeUndefined()
})

it('blames a child soon that sleeps over frames, over what it does not take, or over its end', () => {
  const asleep = { ...idle, waitingSince_ms: 100, lastInput_ms: 600, lastOutput_ms: 90, asleep_ms: 500 }
  expect(hangReason({ ...asleep, frames: 4 }, 610, limits)).toContain('slept')
  expect(hangReason({ ...asleep, queuedBytes: 1 }, 610, limits)).toContain('slept')
  expect(hangReason({ ...asleep, ended_ms: 105 }, 610, limits)).toContain('slept')
})

it('leaves a child alone that is busy, that waits for the rest of a frame, or that has never given anything', () => {
  const asleep = { ...idle, waitingSince_ms: 100, lastInput_ms: 600, lastOutput_ms: 90, asleep_ms: 500, frames: 4 }
  expect(hangReason({ ...asleep, asleep_ms: 499 }, 610, limits)).toBeUndefined()
  expect(hangReason({ ...asleep, frames: 3 }, 610, limits)).toBeUndefined()
  expect(hangReason({ ...asleep, lastOutput_ms: undefined }, 610, limits)).toBeUndefined()
})

it('counts no pause of the source as waiting, unless the child has not even taken what came before', () => {
  const waiting = { ...idle, waitingSince_ms: 100, lastInput_ms: 200 }
  expect(waitingWithoutPause(idle, 50_000)).toBe(50_000)
  expect(waitingWithoutPause(waiting, 900)).toBe(100)
  expect(waitingWithoutPause(waiting, 50_200)).toBe(49_100)
  expect(waitingWithoutPause({ ...waiting, queuedBytes: 1 }, 50_200)).toBe(100)
})

it('sees no work for a child in a pause, nor in the middle of a frame that takes long', () => {
  expect(hasWork(idle, undefined, 5_000)).toBe(false)
  expect(hasWork(idle, 4_500, 5_000)).toBe(true)
  expect(hasWork(idle, 4_000, 5_000)).toBe(false)
  expect(hasWork({ ...idle, queuedBytes: 1 }, 4_000, 5_000)).toBe(true)
  expect(hasWork({ ...idle, ended_ms: 1 }, undefined, 5_000)).toBe(true)
})

it('counts no time in which nobody could look', () => {
  expect(asleepFor(250, 260, 250)).toBe(510)
  expect(asleepFor(250, 60_000, 250)).toBe(750)
})
