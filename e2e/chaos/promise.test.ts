import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { faults } from './faults/index.ts'
import { invariants } from './invariants.ts'
import { type Clause, promise } from './promise.ts'
import { type ShownTable, readTable } from './shownTable.ts'

const text = (...path: ReadonlyArray<string>): string => readFileSync(join(import.meta.dirname, '..', '..', ...path), 'utf8')

const readme = text('README.md')
const paragraph = readme.slice(readme.indexOf('<!-- promise -->') + '<!-- promise -->'.length, readme.indexOf('<!-- /promise -->'))
const table = readTable(text('docs', 'faults.md'))

/** Faults that need root, so that a table may be without them. */
const needsRoot = 'disk'
const namesFor = ({ shownBy }: Clause): ReadonlyArray<string> => (shownBy === 'every' ? faults.filter(({ group }) => group !== needsRoot).map(({ name }) => name) : shownBy)

/** Cells that should show a clause and are missing or broken, in sentences. */
const broken = (clause: Clause, shown: ShownTable): ReadonlyArray<string> =>
  namesFor(clause).flatMap((name) => clause.invariants.filter((invariant) => shown.get(name)?.get(invariant) !== '✓').map((invariant) => `${name}: ${invariant}`))

/** A table in which every fault has held. */
const held: ReadonlyMap<string, string> = new Map(Object.keys(invariants).map((invariant) => [invariant, '✓']))
const unbroken: ShownTable = new Map(faults.map(({ name }) => [name, held]))

test('README makes the promise that the faults show, word by word', () => {
  expect(paragraph.replaceAll(/\s+/g, ' ').trim()).toBe(promise.map(({ words }) => words).join(' '))
})

describe.each(promise)('“$words”', (clause) => {
  test('is shown by faults, each of which is in the table and has held', () => {
    expect(namesFor(clause).length).toBeGreaterThan(0)
    expect(namesFor(clause).filter((name) => !unbroken.has(name))).toEqual([])
    expect(broken(clause, table)).toEqual([])
  })

  test('would be red with a broken cell in each of its columns', () => {
    for (const name of namesFor(clause)) {
      for (const invariant of clause.invariants) {
        expect(broken(clause, new Map(unbroken).set(name, new Map(held).set(invariant, '✗ 1')))).toEqual([`${name}: ${invariant}`])
      }
    }
  })

  test('would be red without one of its faults', () => {
    for (const name of namesFor(clause)) {
      const without = new Map([...unbroken].filter(([fault]) => fault !== name))
      expect(broken(clause, without)).toEqual(clause.invariants.map((invariant) => `${name}: ${invariant}`))
    }
  })
})

test('the table holds faults that there are', () => {
  const names = new Set(faults.map(({ name }) => name))
  expect([...table.keys()].filter((name) => !names.has(name))).toEqual([])
})
