import { expect, it } from 'vitest'
import { figuresTold } from './actorFigures.ts'

it('heartbeats tell of very many actors those that are furthest behind', () => {
  const figures = [['a', { lagMs: 5 }], ['b', { lagMs: 900 }], ['c', {}], ['d', { lagMs: 70, latencyMs: 3 }]] as const
  expect(figuresTold(figures)).toEqual(Object.fromEntries(figures))
  expect(figuresTold(figures, 2)).toEqual({ b: { lagMs: 900 }, d: { lagMs: 70, latencyMs: 3 } })
})
