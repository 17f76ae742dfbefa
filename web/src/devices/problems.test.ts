import { expect, test } from 'vitest'
import { goneProblem, problemOf } from './problems.ts'

const error = (name: string, message = '') => ({ name, message })

test.each([
  ['NotAllowedError', 'refused', /allow it for this site/],
  ['NotFoundError', 'missing', /Plug one in/],
  ['OverconstrainedError', 'missing', /Plug one in/],
  ['NotReadableError', 'inUse', /Close that program/],
  ['AbortError', 'inUse', /Close that program/],
] as const)('%s of a camera is "%s", and says what to do', (name, kind, todo) => {
  expect(problemOf(error(name), 'camera')).toMatchObject({ kind, wanted: 'camera' })
  expect(problemOf(error(name), 'camera').detail).toMatch(todo)
  expect(problemOf(error(name), 'microphone').title).toContain('microphone')
})

test('what the system refuses is allowed in the system, not in the browser', () => {
  expect(problemOf(error('NotAllowedError', 'Permission denied by system'), 'camera').detail).toContain('privacy settings')
  expect(problemOf(error('NotAllowedError', 'Permission denied by system'), 'screen').kind).toBe('refused')
})

test('whoever shares no screen after all has no problem', () => {
  expect(problemOf(error('NotAllowedError', 'Permission denied by user'), 'screen').kind).toBe('cancelled')
})

test('an error that nobody foresaw is told as the browser tells it', () => {
  expect(problemOf(error('WeirdError', 'odd'), 'camera')).toMatchObject({ kind: 'unknown', detail: expect.stringContaining('odd') })
  expect(problemOf(error('constructor'), 'camera').kind).toBe('unknown')
})

test('a device that goes away says how it comes back', () => {
  expect(goneProblem('camera').detail).toContain('by itself')
  expect(goneProblem('screen').detail).toContain('Share it again')
})
