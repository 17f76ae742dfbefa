import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AppendInput, type AppendStep, beginAppend, decideAppend } from './append.ts'
import { FULL_ATTEMPTS_MAX } from './limits.ts'

/** What the world does with one step. Publishes that time out may land at once, later, or never. */
type Fate = 'Answer' | 'AckLost' | 'LandsLater' | 'NeverArrives' | 'OtherWritesFirst' | 'LateLands' | 'Full' | 'HeadUnknown' | 'ConflictOddly'
const fate = fc.constantFrom<Fate>('Answer', 'Answer', 'AckLost', 'LandsLater', 'NeverArrives', 'OtherWritesFirst', 'LateLands', 'Full', 'HeadUnknown', 'ConflictOddly')

interface World {
  readonly log: Array<string>
  readonly late: Array<{ readonly recordId: string; readonly expected: number }>
  otherWrote: boolean
}

const store = (world: World, recordId: string, expected: number): boolean => {
  if (world.log.length !== expected) return false
  world.log.push(recordId)
  return true
}

const landLate = (world: World): void => {
  const message = world.late.shift()
  if (message !== undefined) store(world, message.recordId, message.expected)
}

const answer = (world: World, step: AppendStep, recordId: string, expected: number, fated: Fate): AppendInput => {
  if (fated === 'LateLands') landLate(world)
  if (fated === 'OtherWritesFirst' && !world.otherWrote) {
    world.otherWrote = true
    world.log.push('other')
  }
  if (step._tag === 'ReadHead') {
    if (fated === 'HeadUnknown') return { _tag: 'HeadUnknown' }
    const recordAtHead = world.log.at(-1)
    return recordAtHead === undefined ? { _tag: 'HeadAbsent' } : { _tag: 'Head', seq: world.log.length, recordId: recordAtHead }
  }
  if (fated === 'Full') return { _tag: 'Refused', code: 10077, description: 'maximum bytes exceeded' }
  if (fated === 'NeverArrives' || fated === 'LandsLater') {
    if (fated === 'LandsLater') world.late.push({ recordId, expected })
    return { _tag: 'Unknown' }
  }
  const stored = store(world, recordId, expected)
  if (fated === 'AckLost') return { _tag: 'Unknown' }
  return stored ? { _tag: 'Acked', seq: world.log.length } : { _tag: 'Refused', code: fated === 'ConflictOddly' ? 10164 : 10071, description: 'wrong last sequence' }
}

interface Outcome {
  readonly step: AppendStep
  readonly full: number
}

const append = (world: World, recordId: string, expected: number, fates: Array<Fate>): Outcome => {
  let state = beginAppend(recordId, expected)
  let step: AppendStep = { _tag: 'Publish', wait_ms: 0 }
  while (step._tag === 'Publish' || step._tag === 'ReadHead') {
    ;({ state, step } = decideAppend(state, answer(world, step, recordId, expected, fates.shift() ?? 'Answer')))
  }
  return { step, full: state.fullAttempts }
}

it('stores each record once and in order through lost acks and late landings, and is fenced only where another has written', () => {
  fc.assert(fc.property(fc.array(fc.array(fate, { maxLength: 12 }), { minLength: 1, maxLength: 8 }), (records) => {
    const world: World = { log: [], late: [], otherWrote: false }
    const acknowledged: Array<string> = []
    let expected = 0
    for (const [i, fates] of records.entries()) {
      const { step, full } = append(world, `r${i}`, expected, [...fates])
      if (step._tag === 'Stored') {
        expect(world.log[step.seq - 1]).toBe(`r${i}`)
        acknowledged.push(`r${i}`)
        expected = step.seq
        continue
      }
      if (step._tag === 'Full') expect(full).toBe(FULL_ATTEMPTS_MAX)
      else expect({ tag: step._tag, otherWrote: world.otherWrote }).toEqual({ tag: 'Fenced', otherWrote: true })
      break
    }
    while (world.late.length > 0) landLate(world)
    expect(new Set(world.log).size).toBe(world.log.length)
    expect(world.log.filter((record) => acknowledged.includes(record))).toEqual(acknowledged)
  }), { numRuns: 2_000 })
})

it('never starts again from nothing when the log that it has written to is empty', () => {
  expect(decideAppend(beginAppend('r', 7), { _tag: 'HeadAbsent' }).step._tag).toBe('HeadLost')
  expect(decideAppend(beginAppend('r', 0), { _tag: 'HeadAbsent' }).step._tag).toBe('Publish')
})

it('gives a record that is too big up at once', () => {
  expect(decideAppend(beginAppend('r', 7), { _tag: 'Refused', code: 10054, description: '' }).step._tag).toBe('TooBig')
})

it('waits longer from attempt to attempt, but never longer than a second', () => {
  let state = beginAppend('r', 1)
  const waits: Array<number> = []
  for (let i = 0; i < 12; i++) {
    const next = decideAppend(state, { _tag: 'Unknown' })
    state = next.state
    if (next.step._tag === 'ReadHead') waits.push(next.step.wait_ms)
  }
  expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  expect([waits[0], waits.at(-1)]).toEqual([50, 1_000])
})
