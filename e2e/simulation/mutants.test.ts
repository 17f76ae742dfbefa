import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { runSeeds } from './runSeeds.ts'

/** Worlds in which a break must be noticed. */
const SEEDS_MAX = 400

it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('notices that %s', async (_name, mutant) => {
  const { failed } = await runSeeds({ from: mutant.near, count: SEEDS_MAX, mutant })
  expect(mutant.breaks, failed?.violation?.detail).toContain(failed?.violation?.invariant)
}, 240_000)
