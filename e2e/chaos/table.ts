/** The table fault × invariant, for terminals and for docs. Pure. */
import { type Invariant, invariants } from './invariants.ts'
import type { FaultResult } from './runFault.ts'

const longestWait = 'longest wait of a viewer'

const columns = Object.keys(invariants) as ReadonlyArray<Invariant>

const cell = ({ broken }: FaultResult, column: Invariant): string => {
  const faults = broken.get(column)?.length ?? 0
  return faults === 0 ? '✓' : `✗ ${faults}`
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2)

const figuresOf = ({ figures }: FaultResult): string =>
  [...figures].filter(([name]) => name !== longestWait).map(([name, ms]) => `${name} ${seconds(ms)} s`).join('; ')

const settingOf = ({ fault: { timed, platform } }: FaultResult): string =>
  [...(timed === true ? ['alone'] : []), ...(platform?.ladder === true ? ['rung'] : [])].join(', ')

const head = ['fault', 'streams', 'setting', ...columns, 'longest wait', 'measured']

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(' | ')} |`

/** The row of one fault. */
export const rowOf = (result: FaultResult): string =>
  line([
    result.fault.name,
    String(result.streams),
    settingOf(result),
    ...columns.map((column) => cell(result, column)),
    `${seconds(result.figures.get(longestWait) ?? 0)} s`,
    figuresOf(result),
  ])

/** Markdown of these rows. */
export const tableOf = (rows: ReadonlyArray<string>): string => [line(head), line(head.map(() => '---')), ...rows].join('\n')

/** Name of the fault in a row. */
export const faultOf = (row: string): string => row.slice(2, row.indexOf(' | '))

/** What is broken, in sentences; empty where nothing is. */
export const complaintsOf = ({ fault, broken, folder }: FaultResult): string =>
  broken.size === 0
    ? ''
    : [`${fault.name} (logs: ${folder})`, ...[...broken].flatMap(([invariant, faults]) => faults.slice(0, 12).map((sentence) => `  ${invariant}: ${sentence}`))].join('\n')
