/** `npm run chaos`: every fault on real processes, the table at the end; `--list`, `--fault <name or group>`, `--beside <n>`, `--write`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Fault } from './Fault.ts'
import { faults } from './faults/index.ts'
import { invariants } from './invariants.ts'
import { type FaultResult, runFault } from './runFault.ts'
import { complaintsOf, faultOf, rowOf, tableOf } from './table.ts'
import { startSharedStores } from './worldServices.ts'

const { values } = parseArgs({
  options: { list: { type: 'boolean' }, fault: { type: 'string', multiple: true }, beside: { type: 'string', default: '2' }, write: { type: 'boolean' } },
})

const isWanted = ({ name, group }: Fault): boolean => values.fault === undefined || values.fault.includes(name) || values.fault.includes(group)
const chosen = faults.filter(isWanted)
const beside = Number(values.beside)

/** What is wrong with the command line; undefined: nothing. */
const complaint = (): string | undefined => {
  const unknown = (values.fault ?? []).find((wanted) => !faults.some(({ name, group }) => name === wanted || group === wanted))
  if (unknown !== undefined) return `There is no fault “${unknown}”; --list names them.`
  return Number.isSafeInteger(beside) && beside >= 1 ? undefined : `--beside takes a whole number from 1 on, not “${values.beside}”.`
}

/** Runs faults, so many beside each other, and then by themselves those whose times are promised; results in the order of the list. */
const runAll = async (): Promise<ReadonlyArray<FaultResult>> => {
  const shared = await startSharedStores()
  const results: Array<FaultResult> = []
  const work = async (waiting: Iterable<Fault>, alone: boolean): Promise<void> => {
    for (const fault of waiting) {
      const result = await runFault(fault, shared, alone)
      results[chosen.indexOf(fault)] = result
      process.stdout.write(`${result.broken.size === 0 ? 'held  ' : 'BROKEN'} ${fault.group}: ${fault.name} (${result.took_s.toFixed(0)} s)\n`)
      if (result.broken.size > 0) process.stdout.write(`${complaintsOf(result)}\n`)
    }
  }
  const untimed = chosen.filter(({ timed }) => timed !== true).values()
  await Promise.all(Array.from({ length: beside }, () => work(untimed, false)))
  await work(chosen.filter(({ timed }) => timed === true), true)
  await shared.close()
  if (results.filter((result) => result !== undefined).length !== chosen.length) throw new Error(`${chosen.length} faults were to run, and not all did`)
  return results
}

const documentFile = join(import.meta.dirname, '..', '..', 'docs', 'faults.md')

/** Rows of the faults that ran now, and of the others as they were written last; in the order of the list. */
const rowsWith = (results: ReadonlyArray<FaultResult>): ReadonlyArray<string> => {
  const before = existsSync(documentFile) ? readFileSync(documentFile, 'utf8').split('\n').filter((text) => text.startsWith('| ')) : []
  const rows = new Map([...before, ...results.map(rowOf)].map((row) => [faultOf(row), row]))
  return faults.flatMap(({ name }) => rows.get(name) ?? [])
}

const document = (results: ReadonlyArray<FaultResult>): string =>
  [
    '# Faults',
    '',
    'What `npm run chaos` does to real processes, and what held. Each fault meets one stream at each moment of a segment (begin, middle,',
    'just before its end, between two), with a viewer on every picture and one on the sound. Two worlds run beside each other, so times are',
    'those of a busy machine; faults whose times are promised (*alone*) run by themselves, and are broken where they take longer. Where a rung',
    'is encoded beside the source (*rung*), it is judged like it. Written by `npm run chaos -- --write`, each row by the newest run of its fault.',
    '',
    ...Object.entries(invariants).map(([name, meaning]) => `- **${name}**: ${meaning}`),
    '',
    tableOf(rowsWith(results)),
    '',
    '*longest wait*: the longest that a viewer waited for the next part of the picture; parts come every 0.2 s.',
    '',
  ].join('\n')

const main = async (): Promise<number> => {
  if (values.list === true) {
    for (const { group, name, inTests } of faults) process.stdout.write(`${group}: ${name}${inTests === true ? ' (in npm test)' : ''}\n`)
    return 0
  }
  const wrong = complaint()
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n`)
    return 2
  }
  const begun_ms = performance.now()
  const results = await runAll()
  process.stdout.write(`\n${tableOf(results.map(rowOf))}\n\n`)
  const broken = results.filter((result) => result.broken.size > 0)
  for (const result of broken) process.stdout.write(`${complaintsOf(result)}\n`)
  process.stdout.write(`${results.length - broken.length} faults held, ${broken.length} broken, in ${((performance.now() - begun_ms) / 60_000).toFixed(1)} min\n`)
  if (values.write === true) writeFileSync(documentFile, document(results))
  return broken.length === 0 ? 0 : 1
}

process.exit(await main())
