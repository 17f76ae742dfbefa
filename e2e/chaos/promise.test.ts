import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { faults } from './faults/index.ts'
import { type Clause, promise } from './promise.ts'
import { type ShownTable, readTable } from './shownTable.ts'

const text = (...path: ReadonlyArray<string>): string => readFileSync(join(import.meta.dirname, '..', '..', ...path), 'utf8')

const readme = text('README.md')
const paragraph = readme.slice(readme.indexOf('<!-- promise -->') + '<!-- promise -->'.length, readme.indexOf('<!-- /promise -->'))
const table = readTable(text('docs', 'faults.md'))

/** Cells that should show a clause and show it broken, in sentences. */
const broken = ({ shownBy, invariants }: Clause, shown: ShownTable): ReadonlyArray<string> =>
  faults
    .filter((fault) => shownBy(fault) && shown.has(fault.name))
    .flatMap(({ name }) => invariants.filter((invariant) => shown.get(name)?.get(invariant) !== '✓').map((invariant) => `${name}: ${invariant}`))

test('README makes the promise that the faults show, word by word', () => {
  expect(paragraph.replaceAll(/\s+/g, ' ').trim()).toBe(promise.map(({ words }) => words).join(' '))
})

describe.each(promise)('“$words”', (clause) => {
  test('is shown by faults, and whatever of them the table holds has held', () => {
    expect(faults.filter(clause.shownBy).filter(({ name }) => table.has(name)).length).toBeGreaterThan(0)
    expect(broken(clause, table)).toEqual([])
  })

  test('would be red with a broken cell in each of its columns', () => {
    const fault = faults.filter(clause.shownBy).find(({ name }) => table.has(name))
    if (fault === undefined) throw new Error('nothing shows it')
    for (const invariant of clause.invariants) {
      const spoilt = new Map(table).set(fault.name, new Map(table.get(fault.name)).set(invariant, '✗ 1'))
      expect(broken(clause, spoilt)).toEqual([`${fault.name}: ${invariant}`])
    }
  })
})

test('the table holds faults that there are', () => {
  const names = new Set(faults.map(({ name }) => name))
  expect([...table.keys()].filter((name) => !names.has(name))).toEqual([])
})
