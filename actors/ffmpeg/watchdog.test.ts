import { expect, it } from 'vitest'
import { hangReason } from './watchdog.ts'
import type { Progress } from './watchdog.ts'

const limits = { stalled_ms: 1_000, firstOutput_ms: 5_000 }

const idle: Progress = {
  waitingSince_ms: undefined,
  lastInput_ms: undefined,
  lastOutput_ms: undefined,
  queuedBytes: 0,
  ended_ms: undefined,
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
