import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decideTakeOver } from './takeOver.ts'
import { counterCodec, type CounterRecord } from './testing/counter.ts'

const stamp = fc.record({
  leaseRevision: fc.nat(20), resumeSeq: fc.integer({ min: 1, max: 100 }), attempts: fc.nat(5), fencingToken: fc.nat(50), node: fc.constant('n'), writtenAt_ms: fc.constant(0)
})
const head = fc.record({
  seq: fc.integer({ min: 51, max: 99 }),
  record: fc.record({ kind: fc.constantFrom<CounterRecord['kind']>('TakeOver', 'Total'), total: fc.nat(), count: fc.nat(), stamp })
})

it('a new actor begins with nothing expected and the whole inbox before it', () => {
  expect(decideTakeOver(counterCodec, undefined, 3)).toMatchObject({ _tag: 'Append', expected: 0, previousToken: 0, stamp: { leaseRevision: 3, resumeSeq: 1, attempts: 0 } })
})

it('carries the checkpoint of the head forward and expects that very head', () => {
  fc.assert(fc.property(head, (found) => {
    const step = decideTakeOver(counterCodec, found, 21)
    expect(step).toMatchObject({
      _tag: 'Append',
      expected: found.seq,
      record: { kind: 'TakeOver', total: found.record.total, count: found.record.count },
      stamp: { leaseRevision: 21, resumeSeq: found.record.stamp.resumeSeq, fencingToken: 0 },
      previousToken: found.record.stamp.fencingToken === 0 ? found.seq : found.record.stamp.fencingToken
    })
  }))
})

it('counts the activations that broke by themselves, and neither deaths of nodes nor hand-overs', () => {
  fc.assert(fc.property(head, fc.constantFrom(undefined, 'it crashed'), (found, broke) => {
    const step = decideTakeOver(counterCodec, found, 21, broke === undefined ? undefined : { reason: broke, token: undefined })
    expect(step._tag === 'Append' && step.stamp).toMatchObject({ attempts: found.record.stamp.attempts + (broke === undefined ? 0 : 1), brokenBy: broke ?? '' })
  }))
})

it('gives way to a head that was written under a later lease, and only to that', () => {
  fc.assert(fc.property(head, fc.nat(20), (found, revision) => {
    expect(decideTakeOver(counterCodec, found, revision)._tag).toBe(found.record.stamp.leaseRevision > revision ? 'Superseded' : 'Append')
  }))
})

it('counts a break once, also where the TakeOver that counted it was stored and nobody learnt so', () => {
  const broke = { reason: 'it crashed', token: 7 }
  const stamp = { leaseRevision: 20, resumeSeq: 3, attempts: 0, fencingToken: 7, node: 'n', writtenAt_ms: 1 }
  const first = decideTakeOver(counterCodec, { seq: 9, record: { kind: 'Total', total: 1, count: 1, stamp } }, 20, broke)
  const counted = first._tag === 'Append' ? first.stamp : undefined
  expect(counted).toMatchObject({ attempts: 1, brokenBy: 'it crashed' })
  const again = decideTakeOver(counterCodec, { seq: 10, record: { kind: 'TakeOver', total: 1, count: 1, stamp: { ...stamp, ...counted } } }, 20, broke)
  expect(again._tag === 'Append' && again.stamp).toMatchObject({ attempts: 1, brokenBy: 'it crashed' })
})
