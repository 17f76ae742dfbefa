import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isId, newId } from './ids.ts'
import { claimDelay_ms, claimOrder } from './placement.ts'

const nodes = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 8 })
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)

it('every node computes the same order, however it heard of the others', () => {
  fc.assert(fc.property(id, nodes, (key, known) => {
    expect(claimOrder(key, known.toReversed())).toEqual(claimOrder(key, known))
    expect(claimOrder(key, known).toSorted()).toEqual(known.toSorted())
  }))
})

it('a node that goes moves only what was its own', () => {
  fc.assert(fc.property(id, nodes, (key, known) => {
    const [best, ...others] = claimOrder(key, known)
    expect(claimOrder(key, known.filter((node) => node !== best))).toEqual(others)
  }))
})

it('the best placed claims at once, the others one after another, a stranger last', () => {
  fc.assert(fc.property(id, nodes, (key, known) => {
    expect(claimOrder(key, known).map((node) => claimDelay_ms(key, node, known, 100))).toEqual(known.map((_, rank) => rank * 100))
    expect(claimDelay_ms(key, 'STRANGER', known, 100)).toBe(known.length * 100)
  }))
})

it('spreads ids over nodes', () => {
  const first = Array.from({ length: 3_000 }, (_, i) => claimOrder(`id-${i}`, ['a', 'b', 'c'])[0])
  for (const node of ['a', 'b', 'c']) expect(first.filter((best) => best === node).length).toBeGreaterThan(850)
})

it('new ids are ids, and never the same', () => {
  const ids = Array.from({ length: 10_000 }, newId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every(isId)).toBe(true)
})

it.each(['', '..', 'a.b', 'a*', '>', 'a b', 'a/b', 'a\u0000', 'ä', 'x'.repeat(65), 'a\n'])('%j is no id', (text) => {
  expect(isId(text)).toBe(false)
})
